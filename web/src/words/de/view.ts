// SPDX-License-Identifier: Apache-2.0
/** German of the slide: tiles, moving about, measures. */

export const VIEW: Readonly<Record<string, string>> = {
  'a click brings its place to the middle': 'ein Klick bringt seine Stelle in die Mitte',
  'a form that the server does not give': 'eine Form, die der Server nicht ausgibt',
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
  'delete measure {number}': 'Messung {number} löschen',
  'diameter {length}': 'Durchmesser {length}',
  'forget what has been seen': 'vergessen, was gesehen wurde',
  go: 'los',
  'go to': 'gehe zu',
  'in pixels: the slide is not calibrated': 'in Pixeln: der Schnitt ist nicht kalibriert',
  length: 'Länge',
  magnification: 'Vergrößerung',
  measure: 'messen',
  measures: 'Messungen',
  movement: 'Bewegung',
  path: 'Weg',
  'perimeter {length}': 'Umfang {length}',
  'pixels of the slide per pixel of the screen': 'Pixel des Schnitts je Bildschirmpixel',
  'place of the pointer': 'Stelle des Zeigers',
  'position and movement': 'Stelle und Bewegung',
  'shade what has been seen at 5× or closer': 'tönen, was mit 5× oder näher gesehen wurde',
  'the browser does not let this page copy; press ctrl c':
    'der Browser lässt diese Seite nicht kopieren; drücken Sie Strg C',
  'the frame is damaged and cannot be decoded': 'das Bildfeld ist beschädigt und nicht lesbar',
  'the frames are stored as {stored}, which neither this viewer nor the server can draw; convert the slide to JPEG':
    'die Bildfelder sind als {stored} gespeichert, was weder dieser Viewer noch der Server zeichnen kann; wandeln Sie den Schnitt in JPEG um',
  'the slide glides on after a drag': 'der Schnitt gleitet nach dem Ziehen weiter',
  'the slide has no picture of this place': 'der Schnitt hat von dieser Stelle kein Bild',
  'type a magnification': 'eine Vergrößerung eingeben',
  unit: 'Einheit',
  'what has been seen at 5× or closer': 'was mit 5× oder näher gesehen wurde',
  'x from 0 to {right}, y from 0 to {down} {unit}, from the upper left':
    'x von 0 bis {right}, y von 0 bis {down} {unit}, von oben links',
  'still being converted: finer levels, measures and annotations follow':
    'wird noch umgewandelt: feinere Ebenen, Messen und Zeichnen folgen',
}
