/** Part of a map on the screen: its centre and enlargement; 1 shows the whole square. */
export interface MapView {
  readonly x: number
  readonly y: number
  readonly zoom: number
}

/** Points as one upload: two coordinates (−1 … 1), four bytes of colour and a diameter in CSS pixels each. */
export interface PointSet {
  readonly positions: Float32Array
  readonly colors: Uint8Array
  readonly diameters: Float32Array
}

/** Draws points with WebGL; a pan or zoom changes one uniform and uploads nothing. */
export interface PointCloud {
  /** Layers from the bottom up; a layer that is the same object as before is not uploaded again. */
  setLayers(layers: readonly PointSet[]): void
  /** `unitX`, `unitY`: pixels that one unit of the map takes */
  draw(
    view: MapView,
    panel: { readonly width: number; readonly height: number; readonly unitX: number; readonly unitY: number },
    ratio: number,
  ): void
  dispose(): void
}

const vertexShader = `#version 300 es
in vec2 position;
in vec4 color;
in float diameter;
uniform vec4 view; // centre x, y; scale x, y
uniform float ratio;
out vec4 fill;
out float size;
void main() {
  gl_Position = vec4((position - view.xy) * view.zw, 0.0, 1.0);
  size = diameter * ratio;
  gl_PointSize = size + 2.0;
  fill = color;
}`

/** The largest points have an edge of the text's colour. */
const fragmentShader = `#version 300 es
precision mediump float;
in vec4 fill;
in float size;
uniform vec3 edge;
out vec4 result;
void main() {
  float from = length(gl_PointCoord - 0.5) * (size + 2.0);
  float inside = clamp(0.5 * size + 0.5 - from, 0.0, 1.0);
  float rim = size > 10.0 ? clamp(from - (0.5 * size - 2.0), 0.0, 1.0) : 0.0;
  float alpha = fill.a * inside;
  result = vec4(mix(fill.rgb, edge, rim * 0.85) * alpha, alpha);
}`

interface Layer {
  readonly points: PointSet
  readonly vertices: WebGLVertexArrayObject
  readonly buffers: readonly WebGLBuffer[]
}

/** Throws when the machine has no WebGL 2. */
export function createPointCloud(canvas: HTMLCanvasElement, edge: readonly [number, number, number]): PointCloud {
  const gl = canvas.getContext('webgl2', { antialias: false, premultipliedAlpha: true })
  if (!gl) throw new Error('WebGL 2 is not available')
  const program = link(gl)
  const view = gl.getUniformLocation(program, 'view')
  const ratioPlace = gl.getUniformLocation(program, 'ratio')
  const edgePlace = gl.getUniformLocation(program, 'edge')
  let layers: Layer[] = []

  const drop = ({ vertices, buffers }: Layer): void => {
    gl.deleteVertexArray(vertices)
    buffers.forEach((buffer) => gl.deleteBuffer(buffer))
  }
  function upload(points: PointSet): Layer {
    const vertices = gl!.createVertexArray()
    gl!.bindVertexArray(vertices)
    const fields = [
      ['position', points.positions, 2, gl!.FLOAT, false],
      ['color', points.colors, 4, gl!.UNSIGNED_BYTE, true],
      ['diameter', points.diameters, 1, gl!.FLOAT, false],
    ] as const
    const buffers = fields.map(([name, data, size, type, normalized]) => {
      const buffer = gl!.createBuffer()
      gl!.bindBuffer(gl!.ARRAY_BUFFER, buffer)
      gl!.bufferData(gl!.ARRAY_BUFFER, data, gl!.STATIC_DRAW)
      const place = gl!.getAttribLocation(program, name)
      gl!.enableVertexAttribArray(place)
      gl!.vertexAttribPointer(place, size, type, normalized, 0, 0)
      return buffer
    })
    return { points, vertices, buffers }
  }

  return {
    setLayers: (next) => {
      const kept = next.map((points) => layers.find((layer) => layer.points === points) ?? upload(points))
      layers.filter((layer) => !kept.includes(layer)).forEach(drop)
      layers = kept
    },
    draw: ({ x, y }, { width, height, unitX, unitY }, ratio) => {
      gl.viewport(0, 0, canvas.width, canvas.height)
      gl.clearColor(0, 0, 0, 0)
      gl.clear(gl.COLOR_BUFFER_BIT)
      gl.useProgram(program)
      gl.enable(gl.BLEND)
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
      gl.uniform4f(view, x, y, (2 * unitX) / width, (2 * unitY) / height)
      gl.uniform1f(ratioPlace, ratio)
      gl.uniform3f(edgePlace, edge[0] / 255, edge[1] / 255, edge[2] / 255)
      for (const { vertices, points } of layers) {
        gl.bindVertexArray(vertices)
        gl.drawArrays(gl.POINTS, 0, points.diameters.length)
      }
    },
    dispose: () => {
      layers.forEach(drop)
      gl.deleteProgram(program)
    },
  }
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertexShader],
    [gl.FRAGMENT_SHADER, fragmentShader],
  ] as const) {
    const shader = gl.createShader(type)
    if (!shader) throw new Error('WebGL gave no shader')
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? 'WebGL refused the shaders')
  return program
}
