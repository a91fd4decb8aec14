# SPDX-License-Identifier: MIT
"""The experiments of tools/reproduce, one module each, and what they have in common."""
