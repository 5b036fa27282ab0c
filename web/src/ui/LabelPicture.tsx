// SPDX-License-Identifier: Apache-2.0
/** The picture of a label or of the whole glass, which may name the patient. */

import type { JSX } from 'preact'

import type { TiledImage } from '../dicom/image'
import type { Identity } from '../dicom/slide'
import { keyOf, picture } from '../load'
import { t } from '../words'
import { Picture } from './Picture'

interface Properties {
  readonly identity: Identity
  readonly image: TiledImage
}

/** A label or the whole glass, fetched when it is put on the page. */
export function LabelPicture({ identity, image }: Properties): JSX.Element {
  const name = image.flavour === 'LABEL' ? t('label') : t('whole glass')
  const { value } = picture(keyOf(identity), image)
  if (value.state === 'loading') return <p class="label-picture quiet">…</p>
  if (value.state === 'failed') return <p class="label-picture quiet">{value.message}</p>
  if (!value.value) return <p class="label-picture quiet">{t('too large to show here')}</p>
  return (
    <div class="label-picture">
      <Picture bitmap={value.value} label={name} />
    </div>
  )
}
