#!/usr/bin/env python3
"""The seed's Monte Carlo programs without their MPI and plots: numpy, and numba where it is installed.

Prints `numpy samples_per_s=X` and `numba samples_per_s=X`, of one core.
"""
import time

import numpy as np


def throw_darts(n):
    return 2 * np.random.random((n, 2)) - 1


def in_unit_circle(p):
    return np.linalg.norm(p, axis=-1) <= 1.0


def estimate_pi(n, throw, block=100000):
    total_number = 0
    for _ in range(n // block):
        total_number += np.sum(in_unit_circle(throw(block)))
    return 4.0 * total_number / n


def measure(name, throw):
    estimate_pi(100000, throw)  # numba compiles
    darts = 2000000
    begin = time.perf_counter()
    estimate_pi(darts, throw)
    print(f"{name} samples_per_s={darts / (time.perf_counter() - begin):.0f}")


measure("numpy", throw_darts)
try:
    import numba
except ImportError:
    pass
else:
    measure("numba", numba.jit(nopython=True)(throw_darts))
