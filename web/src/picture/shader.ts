// SPDX-License-Identifier: Apache-2.0
/** The program that changes colours, one pixel at a time; all but the profile is in sRGB's steps. */

export const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(float((gl_VertexID & 1) << 2), float((gl_VertexID & 2) << 1));
  gl_Position = vec4(corner - 1.0, 0.0, 1.0);
}`

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp sampler3D;

uniform sampler2D picture;
uniform float height;
uniform bool hasProfile;
uniform sampler2D shaper;
uniform sampler3D table;
uniform vec3 white;
uniform bool hasStains;
uniform mat3 amounts;
uniform mat3 colours;
uniform float brightness;
uniform float contrast;
uniform float gamma;
uniform float saturation;
out vec4 found;

vec3 encoded(vec3 linear) {
  vec3 value = clamp(linear, 0.0, 1.0);
  return mix(1.055 * pow(value, vec3(1.0 / 2.4)) - 0.055, value * 12.92, vec3(lessThanEqual(value, vec3(0.0031308))));
}

vec3 profiled(vec3 value) {
  vec3 place = (value * 255.0 + 0.5) / 256.0;
  vec3 shaped = vec3(
    texture(shaper, vec2(place.r, 0.5)).r,
    texture(shaper, vec2(place.g, 0.5)).g,
    texture(shaper, vec2(place.b, 0.5)).b);
  return encoded(texture(table, (shaped * 32.0 + 0.5) / 33.0).rgb);
}

vec3 stained(vec3 value) {
  vec3 density = -log(max(value, 1.0 / 255.0));
  return exp(-(colours * max(amounts * density, 0.0)));
}

void main() {
  vec4 pixel = texelFetch(picture, ivec2(gl_FragCoord.x, height - gl_FragCoord.y), 0);
  vec3 value = pixel.rgb / max(pixel.a, 1.0 / 255.0);
  if (hasProfile) value = profiled(value);
  value = min(value / white, 1.0);
  if (hasStains) value = stained(value);
  value = mix(vec3(dot(value, vec3(0.2126, 0.7152, 0.0722))), value, saturation);
  value = (value - 0.5) * contrast + 0.5 + brightness;
  value = clamp(value, 0.0, 1.0);
  if (gamma != 1.0) value = pow(value, vec3(1.0 / gamma));
  found = vec4(value * pixel.a, pixel.a);
}`
