// SPDX-License-Identifier: Apache-2.0
/**
 * Colours changed by the graphics card: what the map has drawn goes into a texture, through the
 * program, and back into its place. One for all maps of the page; loaded when first needed.
 */

import { SHAPED, SIDE, type ColourTable } from '../dicom/iccTable'
import type { PictureSettings } from './settings'
import { FRAGMENT, VERTEX } from './shader'
import { inverse, type StainMatrix } from './stains'

/** What is done to a picture. */
export interface Look {
  readonly settings: PictureSettings
  /** `null`: colours are taken as sRGB. */
  readonly table: ColourTable | null
  readonly stains: StainMatrix
}

/** A canvas that the map has drawn. */
export type Drawn = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

type Picture = HTMLCanvasElement | OffscreenCanvas | ImageBitmap

const UNITS = { picture: 0, shaper: 1, table: 2 } as const

export class ColourPass {
  private readonly gl: WebGL2RenderingContext
  private readonly program: WebGLProgram
  /** Whether there is no graphics card behind it, so that each pixel costs. */
  readonly isSoftware: boolean
  private readonly places = new Map<string, WebGLUniformLocation | null>()
  /** The table that the card holds. */
  private table: ColourTable | null = null

  private constructor(private readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext('webgl2', {
      alpha: true,
      antialias: false,
      depth: false,
      premultipliedAlpha: true,
    })
    if (!gl) throw new Error('no WebGL 2')
    this.gl = gl
    this.program = programOf(gl)
    gl.useProgram(this.program)
    for (const [name, unit] of Object.entries(UNITS)) gl.uniform1i(this.place(name), unit)
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true)
    this.texture(UNITS.picture, gl.TEXTURE_2D, gl.NEAREST)
    this.texture(UNITS.shaper, gl.TEXTURE_2D, gl.LINEAR)
    this.texture(UNITS.table, gl.TEXTURE_3D, gl.LINEAR)
    this.isSoftware = drawsItself(gl)
  }

  /** A pass; `null` where the browser has no WebGL 2. */
  static make(): ColourPass | null {
    try {
      return new ColourPass(document.createElement('canvas'))
    } catch {
      return null
    }
  }

  /** Whether the card has been taken away, as happens when a laptop wakes. */
  get isLost(): boolean {
    return this.gl.isContextLost()
  }

  /** Change the colours of what is drawn. */
  apply(drawn: Drawn, look: Look): void {
    if (drawn.canvas.width === 0 || drawn.canvas.height === 0) return
    this.run(drawn.canvas, look)
    drawn.save()
    drawn.resetTransform()
    drawn.globalAlpha = 1
    drawn.globalCompositeOperation = 'copy'
    drawn.drawImage(this.canvas, 0, 0)
    drawn.restore()
  }

  /** The same of one tile. */
  applied(picture: Picture, look: Look): Promise<ImageBitmap> {
    this.run(picture, look)
    return createImageBitmap(this.canvas, {
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'none',
    })
  }

  private run(picture: Picture, look: Look): void {
    this.upload(picture)
    this.tell(look)
    this.gl.drawArrays(this.gl.TRIANGLES, 0, 3)
  }

  private upload(source: Picture): void {
    const { gl, canvas } = this
    if (canvas.width !== source.width || canvas.height !== source.height)
      Object.assign(canvas, { width: source.width, height: source.height })
    gl.viewport(0, 0, canvas.width, canvas.height)
    gl.activeTexture(gl.TEXTURE0 + UNITS.picture)
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source)
  }

  private tell({ settings, table, stains }: Look): void {
    const { gl } = this
    const [red, green, blue] = settings.white
    this.hold(table)
    gl.uniform1i(this.place('hasProfile'), table ? 1 : 0)
    gl.uniform1f(this.place('height'), this.canvas.height)
    gl.uniform3f(this.place('white'), red / 255, green / 255, blue / 255)
    gl.uniform1f(this.place('brightness'), settings.brightness / 100)
    gl.uniform1f(this.place('contrast'), settings.contrast)
    gl.uniform1f(this.place('gamma'), settings.gamma)
    gl.uniform1f(this.place('saturation'), settings.saturation)
    gl.uniform1i(this.place('hasStains'), settings.stains ? 1 : 0)
    if (!settings.stains) return
    const { haematoxylin, eosin, residual } = settings.stains
    const weights = [haematoxylin, eosin, residual]
    const mixed = stains.flatMap((stain, index) => stain.map((part) => (weights[index] ? part : 0)))
    gl.uniformMatrix3fv(this.place('amounts'), false, inverse(stains).flat())
    gl.uniformMatrix3fv(this.place('colours'), false, mixed)
  }

  private hold(table: ColourTable | null): void {
    if (!table || this.table === table) return
    this.table = table
    const { gl } = this
    const { shaper, values } = table
    // A typed array is taken as it is: multiplying alpha is for pictures.
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false)
    gl.activeTexture(gl.TEXTURE0 + UNITS.shaper)
    const curve = withAlpha(shaper)
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA16F, SHAPED, 1, 0, gl.RGBA, gl.FLOAT, curve)
    gl.activeTexture(gl.TEXTURE0 + UNITS.table)
    const cube = withAlpha(values)
    gl.texImage3D(gl.TEXTURE_3D, 0, gl.RGBA16F, SIDE, SIDE, SIDE, 0, gl.RGBA, gl.FLOAT, cube)
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true)
  }

  private texture(unit: number, target: number, filter: number): void {
    const { gl } = this
    gl.activeTexture(gl.TEXTURE0 + unit)
    gl.bindTexture(target, gl.createTexture())
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(target, name, filter)
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R])
      gl.texParameteri(target, name, gl.CLAMP_TO_EDGE)
  }

  private place(name: string): WebGLUniformLocation | null {
    const known = this.places.get(name)
    if (known !== undefined) return known
    const found = this.gl.getUniformLocation(this.program, name)
    this.places.set(name, found)
    return found
  }
}

function drawsItself(gl: WebGL2RenderingContext): boolean {
  const told = gl.getExtension('WEBGL_debug_renderer_info')
  const name: unknown = told && gl.getParameter(told.UNMASKED_RENDERER_WEBGL)
  return /swiftshader|llvmpipe|software|basic render/i.test(String(name))
}

/** Three samples a point → four, which is what every card can filter. */
function withAlpha(values: Float32Array): Float32Array {
  const padded = new Float32Array((values.length / 3) * 4).fill(1)
  for (let point = 0; point * 3 < values.length; point++)
    padded.set(values.subarray(point * 3, point * 3 + 3), point * 4)
  return padded
}

function programOf(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram()
  for (const [kind, text] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind)
    if (!shader) throw new Error('no shader')
    gl.shaderSource(shader, text)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS))
    throw new Error(gl.getProgramInfoLog(program) ?? 'the program was refused')
  return program
}
