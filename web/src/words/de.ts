// SPDX-License-Identifier: Apache-2.0
/** German, by the English text. */

export const GERMAN: Readonly<Record<string, string>> = {
  information: 'Angaben',
  'close {panel}': '{panel} schließen',
  // tiles
  'the frames are stored as {stored}, which neither this viewer nor the server can draw; convert the slide to JPEG':
    'die Bilder sind als {stored} gespeichert, was weder dieser Betrachter noch der Server zeichnen kann; wandeln Sie den Schnitt in JPEG um',
  'a form that the server does not give': 'eine Form, die der Server nicht ausgibt',
  'the frame is damaged and cannot be decoded':
    'das Bild ist beschädigt und nicht zu entschlüsseln',
  'the slide has no picture of this place': 'der Schnitt hat von dieser Stelle kein Bild',
  'drawn by the server: stored as {stored}': 'vom Server gezeichnet: gespeichert als {stored}',
  'one tile could not be drawn': 'eine Kachel konnte nicht gezeichnet werden',
  '{count} tiles could not be drawn': '{count} Kacheln konnten nicht gezeichnet werden',
  'and stays hatched: {reasons}.': 'und bleibt schraffiert: {reasons}.',
  'and stay hatched: {reasons}.': 'und bleiben schraffiert: {reasons}.',
  'try again': 'noch einmal',
  // finding one's way
  'a click brings its place to the middle': 'ein Klick bringt seine Stelle in die Mitte',
  go: 'los',
  'go to': 'gehe zu',
  magnification: 'Vergrößerung',
  mirror: 'spiegeln',
  mirrored: 'gespiegelt',
  movement: 'Bewegung',
  overview: 'Übersicht',
  'pixels of the slide per pixel of the screen':
    'Bildpunkte des Schnitts je Bildpunkt des Bildschirms',
  'place of the pointer': 'Stelle des Zeigers',
  'position and movement': 'Stelle und Bewegung',
  'the slide glides on after a drag': 'der Schnitt gleitet nach dem Ziehen weiter',
  unit: 'Einheit',
  'what has been seen at 5× or closer': 'was mit 5× oder näher gesehen wurde',
  // measures
  angle: 'Winkel',
  area: 'Fläche',
  circle: 'Kreis',
  'click a measure to change it: drag its points, delete takes it away':
    'eine Messung anklicken, um sie zu ändern: Punkte ziehen; Entf löscht sie',
  'click both ends of one axis, then the width':
    'beide Enden einer Achse anklicken, dann die Breite',
  'click both ends; space sets a point in the middle of the screen':
    'beide Enden anklicken; die Leertaste setzt einen Punkt in der Bildmitte',
  'click each point; double click or enter ends, backspace takes back':
    'jeden Punkt anklicken; Doppelklick oder Eingabe beendet, Rücktaste nimmt zurück',
  'click each; enter ends': 'jedes anklicken; Eingabe beendet',
  'click one side, the corner, the other side':
    'eine Seite, die Ecke und die andere Seite anklicken',
  'click the middle, then the rim': 'die Mitte anklicken, dann den Rand',
  copied: 'kopiert',
  'copy as CSV': 'als CSV kopieren',
  'copy as text': 'als Text kopieren',
  count: 'Zählung',
  'delete all': 'alle löschen',
  'delete measure {number}': 'Messung {number} löschen',
  'diameter {length}': 'Durchmesser {length}',
  ellipse: 'Ellipse',
  'forget what has been seen': 'vergessen, was gesehen wurde',
  'in pixels: the slide is not calibrated': 'in Bildpunkten: der Schnitt ist nicht kalibriert',
  length: 'Länge',
  measure: 'messen',
  measures: 'Messungen',
  path: 'Weg',
  'perimeter {length}': 'Umfang {length}',
  redo: 'wiederholen',
  'shade what has been seen at 5× or closer': 'tönen, was mit 5× oder näher gesehen wurde',
  'the browser does not let this page copy; press ctrl c':
    'der Browser lässt diese Seite nicht kopieren; drücken Sie Strg C',
  tools: 'Werkzeuge',
  'type a magnification': 'eine Vergrößerung eingeben',
  undo: 'rückgängig',
  'x from 0 to {right}, y from 0 to {down} {unit}, from the upper left':
    'x von 0 bis {right}, y von 0 bis {down} {unit}, von oben links',
}
