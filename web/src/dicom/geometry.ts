// SPDX-License-Identifier: Apache-2.0
/**
 * Sizes and scales of a slide. Positions are in pixels of the finest level (level 0), x to the
 * right and y down; a *downsample* is level-0 columns per pixel; spacing is in millimetres.
 */

/** Distance between pixel centres. DICOM writes the row spacing first; here each has its name. */
export interface SpacingMm {
  readonly row: number
  readonly column: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** A part of the slide as a screen shows it: `downsample` level-0 pixels per screen pixel. */
export interface Viewed {
  readonly centre: Point
  readonly downsample: number
  /** Clockwise turn of the picture in radians, before it is mirrored. */
  readonly rotation: number
  /** Whether the turned picture is then seen in a mirror, left to right. */
  readonly mirrored?: boolean
  readonly screen: Size
}

/** An objective of 10x gives about one micrometre per pixel; the field's convention. */
const MPP_TIMES_MAGNIFICATION = 10

const PRESETS = [1, 2, 5, 10, 20, 40, 60, 80, 100] as const

/** Scale bars are 1, 2 or 5 times a power of ten. */
const ROUND = [5, 2, 1] as const

/** Micrometres per pixel → magnification. */
export function magnification(mpp: number): number {
  return MPP_TIMES_MAGNIFICATION / mpp
}

/** Magnification → micrometres per pixel. */
export function mppAt(magnified: number): number {
  return MPP_TIMES_MAGNIFICATION / magnified
}

/**
 * The magnifications worth a button: up to the objective's, or, where that is not known, up to
 * the one at which a stored pixel is a screen pixel.
 */
export function presets(objectivePower: number | null, mpp: number): number[] {
  const most = objectivePower ?? magnification(mpp) * 1.1
  return PRESETS.filter((preset) => preset <= most)
}

/** A double click that brings less than this looks as if it did nothing. */
const NOTICED = 1.2

/** The preset next above a magnification, and not too close to it; `null` at the top. */
export function nextPreset(choices: readonly number[], magnified: number): number | null {
  return choices.find((preset) => preset > magnified * NOTICED) ?? null
}

/** The longest round length, in micrometres, whose bar is at most `most` screen pixels long. */
export function scaleBar(mpp: number, most: number): { micrometres: number; pixels: number } {
  const room = mpp * most
  const decade = 10 ** Math.floor(Math.log10(room) + 1e-9)
  const factor = ROUND.find((round) => round * decade <= room * (1 + 1e-9)) ?? 1
  const micrometres = factor * decade
  return { micrometres, pixels: micrometres / mpp }
}

/** The four corners of the screen on the slide, clockwise from its top left. */
export function corners({ centre, downsample, rotation, screen }: Viewed): Point[] {
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)]
  const [right, down] = [(screen.width / 2) * downsample, (screen.height / 2) * downsample]
  const turned = (x: number, y: number): Point => ({
    x: centre.x + x * cos + y * sin,
    y: centre.y - x * sin + y * cos,
  })
  return [turned(-right, -down), turned(right, -down), turned(right, down), turned(-right, down)]
}

/** The downsample at which all of the slide is on the screen with a margin around it. */
export function homeDownsample(slide: Size, screen: Size, margin: number): number {
  const room = (length: number): number => Math.max(length - 2 * margin, length / 2, 1)
  return Math.max(slide.width / room(screen.width), slide.height / room(screen.height))
}

/** A point, drawn towards a fixed one by a factor below 1, or away from it. */
export function scaledAbout(fixed: Point, { x, y }: Point, factor: number): Point {
  return { x: fixed.x + (x - fixed.x) * factor, y: fixed.y + (y - fixed.y) * factor }
}
