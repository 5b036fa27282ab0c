// SPDX-License-Identifier: Apache-2.0
/** The drawer of information: what the slide's attributes say, and what is not known. */

import type { ComponentChildren, JSX } from 'preact'

import { magnification } from '../dicom/geometry'
import type { Level } from '../dicom/pyramid'
import type { Slide } from '../dicom/slide'
import { profileText } from '../picture/profileText'
import { identityHidden } from '../state'
import { t } from '../words'
import { Drawer } from './Drawer'
import {
  date,
  grouped,
  patientLine,
  perPixel,
  physicalSize,
  pixelSize,
  significant,
  slideName,
  times,
} from './format'

export function InfoDrawer({ slide }: { readonly slide: Slide }): JSX.Element {
  return (
    <Drawer title={t('information')}>
      <CaseFacts slide={slide} />
      <PictureFacts slide={slide} />
      <Levels levels={slide.pyramid.levels} />
      <Identifiers slide={slide} />
    </Drawer>
  )
}

function CaseFacts({ slide }: { readonly slide: Slide }): JSX.Element {
  const { identity, specimen, acquired } = slide
  return (
    <Facts title="slide">
      <Fact name="container">{slideName(identity)}</Fact>
      <Fact name="specimen">{specimen}</Fact>
      <Fact name="patient">{identityHidden.value ? 'hidden' : patientLine(identity)}</Fact>
      <Fact name="accession">{identityHidden.value ? 'hidden' : identity.accessionNumber}</Fact>
      <Fact name="study">{identity.studyDescription}</Fact>
      <Fact name="study date">{identity.studyDate && date(identity.studyDate)}</Fact>
      <Fact name="scanned">{acquired && date(acquired)}</Fact>
      <Fact name="scanner">{identity.scanner}</Fact>
    </Facts>
  )
}

function PictureFacts({ slide }: { readonly slide: Slide }): JSX.Element {
  const { mpp, size, levels } = slide.pyramid
  const base = levels[0].image
  return (
    <Facts title="picture">
      <Fact name="size">{pixelSize({ width: base.columns, height: base.rows })}</Fact>
      <Fact name="extent">{mpp && physicalSize(size, mpp)}</Fact>
      <Fact name="spacing">
        {mpp ? `${perPixel(mpp)} · ${times(magnification(mpp))}` : 'uncalibrated'}
      </Fact>
      <Fact name="objective">{slide.objectivePower && times(slide.objectivePower)}</Fact>
      <Fact name="colour">{profileText(slide)}</Fact>
      <Fact name="samples">
        {`${base.samples.photometricInterpretation}, ${base.samples.bitsAllocated}-bit`}
      </Fact>
    </Facts>
  )
}

function Levels({ levels }: { readonly levels: readonly Level[] }): JSX.Element {
  return (
    <section>
      <h3>levels</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">size</th>
            <th scope="col">tile</th>
            <th scope="col">downsample</th>
          </tr>
        </thead>
        <tbody>
          {levels.map(({ image, downsample }) => (
            <tr key={image.columns}>
              <td>{`${grouped(image.columns)} × ${grouped(image.rows)}`}</td>
              <td>{`${image.tileColumns} × ${image.tileRows}`}</td>
              <td>{significant(downsample, 4)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Identifiers({ slide }: { readonly slide: Slide }): JSX.Element {
  return (
    <Facts title="identifiers">
      <Fact name="study">
        <code>{slide.identity.studyInstanceUid}</code>
      </Fact>
      <Fact name="series">
        <code>{slide.identity.seriesInstanceUid}</code>
      </Fact>
      <Fact name="instances">{slide.numberOfInstances}</Fact>
    </Facts>
  )
}

function Facts({
  title,
  children,
}: {
  readonly title: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <section>
      <h3>{title}</h3>
      <dl>{children}</dl>
    </section>
  )
}

function Fact({
  name,
  children,
}: {
  readonly name: string
  readonly children: ComponentChildren
}): JSX.Element | null {
  if (children === null || children === undefined || children === '') return null
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
