# SPDX-License-Identifier: Apache-2.0
"""What all formats built on TIFF share: directories, runs of tiles, JPEG tiles and strips."""
