// SPDX-License-Identifier: Apache-2.0
/** German of annotations and layers. */

export const ANNOTATIONS: Readonly<Record<string, string>> = {
  'all deleted; undo brings back': 'alles gelöscht; Rückgängig holt es zurück',
  'annotations of the study': 'Annotationen der Studie',
  black: 'Schwarz',
  blue: 'Blau',
  cancel: 'abbrechen',
  'changed in another page too: changes made here are not kept; export them, then reload':
    'auch auf einer anderen Seite geändert: Änderungen hier werden nicht behalten; erst ausgeben, dann neu laden',
  'click an annotation to select it, shift click to select more':
    'Klick wählt eine Annotation, Klick mit Umschalt weitere',
  'click corners, double click ends; esc leaves the tool':
    'Ecken klicken, Doppelklick beendet; Esc verlässt das Werkzeug',
  'click where the point is; esc leaves the tool':
    'klicken, wo der Punkt liegt; Esc verlässt das Werkzeug',
  'cut a hole': 'Loch ausschneiden',
  'done again': 'wiederholt',
  'drag a shape or its corners; alt click takes a corner away':
    'Form oder Ecken ziehen; Klick mit Alt entfernt eine Ecke',
  'drag on the slide; esc leaves the tool': 'auf dem Schnitt ziehen; Esc verlässt das Werkzeug',
  'drawing tools': 'Zeichenwerkzeuge',
  'drawn next': 'als Nächstes gezeichnet',
  duplicate: 'verdoppeln',
  'edit and move': 'bearbeiten und verschieben',
  export: 'ausgeben',
  filter: 'filtern',
  'filter by name and note': 'nach Name und Notiz filtern',
  forest: 'Waldgrün',
  freehand: 'Freihand',
  'from the least to the largest value first seen':
    'vom kleinsten zum größten zuerst gesehenen Wert',
  hide: 'verbergen',
  import: 'Einlesen',
  'import GeoJSON …': 'GeoJSON einlesen …',
  'it does not say where on the slide it lies': 'sie sagt nicht, wo auf dem Schnitt sie liegt',
  line: 'Linie',
  'looking for layers …': 'Ebenen werden gesucht …',
  merge: 'vereinen',
  'more than {most} shapes': 'mehr als {most} Formen',
  navy: 'Marineblau',
  'no name or note has these words': 'kein Name und keine Notiz hat diese Wörter',
  'none yet: choose a tool and draw, or drop a GeoJSON file here':
    'noch keine: Werkzeug wählen und zeichnen, oder eine GeoJSON-Datei hier ablegen',
  note: 'Notiz',
  'nothing was imported: cancelled': 'nichts eingelesen: abgebrochen',
  'on what is selected': 'mit dem Gewählten',
  'one feature is larger than 64 MB': 'ein Eintrag ist größer als 64 MB',
  opacity: 'Deckkraft',
  'opacity of {layer}': 'Deckkraft von {layer}',
  orange: 'Orange',
  'parametric map': 'Wertekarte',
  point: 'Punkt',
  polygon: 'Polygon',
  'reading {file}': '{file} wird gelesen',
  rectangle: 'Rechteck',
  rose: 'Rosa',
  rust: 'Rost',
  selected: 'gewählt',
  show: 'zeigen',
  'show annotations': 'Annotationen zeigen',
  'show only what the filter finds': 'nur zeigen, was der Filter findet',
  sky: 'Himmelblau',
  'subtract the others from the first': 'die anderen vom ersten abziehen',
  'the browser has no room left: these annotations are lost on reload; export them':
    'der Browser hat keinen Platz mehr: beim Neuladen gehen diese Annotationen verloren; bitte ausgeben',
  'the browser keeps nothing for this page: annotations are lost on reload; export them':
    'der Browser behält nichts für diese Seite: beim Neuladen gehen Annotationen verloren; bitte ausgeben',
  'the file ends in the middle': 'die Datei hört mittendrin auf',
  'the map is larger than 512 MB and does not come in frames':
    'die Karte ist größer als 512 MB und kommt nicht in Kacheln',
  'the server does not tell where the coordinates are':
    'der Server sagt nicht, wo die Koordinaten liegen',
  'the server does not tell where the values of the map are':
    'der Server sagt nicht, wo die Werte der Karte liegen',
  'the study has no segmentation, parametric map or bulk annotation of this slide':
    'die Studie hat zu diesem Schnitt keine Segmentierung, Wertekarte oder Massenannotation',
  'the worker has failed': 'die Berechnung ist fehlgeschlagen',
  ultramarine: 'Ultramarin',
  undone: 'rückgängig gemacht',
  yellow: 'Gelb',
  'zoom in to see it: it has no coarse level':
    'näher heran, um sie zu sehen: sie hat keine grobe Stufe',
  'zoom to it': 'dorthin',
  '{count} deleted; undo brings back': '{count} gelöscht; Rückgängig holt sie zurück',
  '{count} features without a usable shape were left out':
    '{count} Einträge ohne brauchbare Form wurden ausgelassen',
  '{count} imported': '{count} eingelesen',
  '{file} could not be read as GeoJSON: {reason}': '{file} ist nicht als GeoJSON lesbar: {reason}',
  '{found} of {count}': '{found} von {count}',
}
