// SPDX-License-Identifier: Apache-2.0
// Slim's way to a slide: the metadata of the series, and of these the images of the pyramid. The
// viewer begins with the whole slide, as large as it can be. The map of OpenLayers within it is
// private; its view is what a reader moves with the mouse.
;(async () => {
  const asked = new URLSearchParams(location.search)
  const { metadata, viewer } = dicomMicroscopyViewer
  const client = new DICOMwebClient.api.DICOMwebClient({ url: `${location.origin}/dicomweb` })
  const found = await client.retrieveSeriesMetadata({
    studyInstanceUID: asked.get('study'),
    seriesInstanceUID: asked.get('series'),
  })
  const images = found.map((item) => new metadata.VLWholeSlideMicroscopyImage({ metadata: item }))
  const volume = images.filter(({ ImageType }) => ['VOLUME', 'THUMBNAIL'].includes(ImageType[2]))
  const shown = new viewer.VolumeImageViewer({ client, metadata: volume, controls: [] })
  const map = shown[Object.getOwnPropertySymbols(shown).find((one) => one.description === 'map')]
  const view = map.getView()
  const say = (state) => () => {
    document.body.dataset.state = state
  }
  map.on(['movestart', 'loadstart'], say('loading'))
  map.on('rendercomplete', say('ready'))
  view.on(['change:center', 'change:resolution'], say('loading'))
  window.magnify = (to) => view.animate({ resolution: to, duration: 140 })
  shown.render({ container: 'viewer' })
  view.setRotation(0)
})()
