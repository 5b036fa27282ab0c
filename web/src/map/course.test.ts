// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'

import { Course } from './course'

describe('Course', () => {
  it('leads nowhere at first', () => {
    const course = new Course()
    course.rest({ centre: { x: 5, y: 7 }, downsample: 1 })
    expect(course.way).toEqual({ x: 0, y: 0 })
  })

  it('is that of the last pan', () => {
    const course = new Course()
    course.rest({ centre: { x: 0, y: 0 }, downsample: 2 })
    course.rest({ centre: { x: 100, y: 0 }, downsample: 2 })
    course.rest({ centre: { x: 130, y: -40 }, downsample: 2 })
    expect(course.way).toEqual({ x: 30, y: -40 })
  })

  it('ends with a zoom', () => {
    const course = new Course()
    course.rest({ centre: { x: 0, y: 0 }, downsample: 2 })
    course.rest({ centre: { x: 100, y: 0 }, downsample: 1 })
    expect(course.way).toEqual({ x: 0, y: 0 })
  })
})
