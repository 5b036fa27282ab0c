# SPDX-License-Identifier: Apache-2.0
"""Decides what a conversion will write, before any pixel is read; pure and printable."""

from dicomizer.planning.plan import ConversionPlan, InstancePlan, Occasion, Route, Tiling
from dicomizer.planning.planner import plan

__all__ = ["ConversionPlan", "InstancePlan", "Occasion", "Route", "Tiling", "plan"]
