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
    <Facts title={t('slide')}>
      <Fact name={t('container')}>{slideName(identity)}</Fact>
      <Fact name={t('specimen')}>{specimen}</Fact>
      <Fact name={t('patient')}>{identityHidden.value ? t('hidden') : patientLine(identity)}</Fact>
      <Fact name={t('accession')}>
        {identityHidden.value ? t('hidden') : identity.accessionNumber}
      </Fact>
      <Fact name={t('study')}>{identity.studyDescription}</Fact>
      <Fact name={t('study date')}>{identity.studyDate && date(identity.studyDate)}</Fact>
      <Fact name={t('scanned')}>{acquired && date(acquired)}</Fact>
      <Fact name={t('scanner')}>{identity.scanner}</Fact>
    </Facts>
  )
}

function PictureFacts({ slide }: { readonly slide: Slide }): JSX.Element {
  const { mpp, size, levels } = slide.pyramid
  const base = levels[0].image
  return (
    <Facts title={t('picture')}>
      <Fact name={t('size')}>{pixelSize({ width: base.columns, height: base.rows })}</Fact>
      <Fact name={t('extent')}>{mpp && physicalSize(size, mpp)}</Fact>
      <Fact name={t('spacing')}>
        {mpp ? `${perPixel(mpp)} · ${times(magnification(mpp))}` : t('uncalibrated')}
      </Fact>
      <Fact name={t('objective')}>{slide.objectivePower && times(slide.objectivePower)}</Fact>
      <Fact name={t('colour')}>{profileText(slide)}</Fact>
      <Fact name={t('samples')}>
        {t('{photometric}, {bits}-bit', {
          photometric: base.samples.photometricInterpretation,
          bits: base.samples.bitsAllocated,
        })}
      </Fact>
    </Facts>
  )
}

function Levels({ levels }: { readonly levels: readonly Level[] }): JSX.Element {
  return (
    <section>
      <h3>{t('levels')}</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('size')}</th>
            <th scope="col">{t('tile')}</th>
            <th scope="col">{t('downsample')}</th>
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
    <Facts title={t('identifiers')}>
      <Fact name={t('study')}>
        <code>{slide.identity.studyInstanceUid}</code>
      </Fact>
      <Fact name={t('series')}>
        <code>{slide.identity.seriesInstanceUid}</code>
      </Fact>
      <Fact name={t('instances')}>{slide.numberOfInstances}</Fact>
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
