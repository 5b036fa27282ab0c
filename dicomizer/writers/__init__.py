# SPDX-License-Identifier: Apache-2.0
"""Write instances from plans and coded frames; nothing here decodes or encodes a pixel.

`instance` takes the frames. It lays them out (`pixel_data`) behind a header (`header`) as one file
(`single`), or as several that are a concatenation; `dual` makes a file a TIFF as well.
"""
