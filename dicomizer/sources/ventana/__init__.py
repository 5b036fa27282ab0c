# SPDX-License-Identifier: Apache-2.0
"""Ventana (Roche) BIF and TIFF."""

from dicomizer.sources.ventana.source import VentanaSource

__all__ = ["VentanaSource"]
