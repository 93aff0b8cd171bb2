#!/usr/bin/env python3
"""Writes src/base/number_table.c: the powers of ten that number parsing and printing multiply by.

Usage: tools/make_number_table.py > src/base/number_table.c
The table is exact arithmetic on Python integers; a test compares a few entries with the real powers.
"""

LOWEST, HIGHEST = -342, 324


def significand(power):
    """The first 128 bits of 10^power, rounded down, the highest bit set."""
    if power >= 0:
        value = 10**power
        shift = value.bit_length() - 128
        return value >> shift if shift >= 0 else value << -shift
    divisor = 10**-power
    shift = divisor.bit_length() + 127
    value = (1 << shift) // divisor
    if value.bit_length() == 129:
        value >>= 1
    assert value.bit_length() == 128
    return value


def main():
    print("/* Made by tools/make_number_table.py; do not edit. */")
    print('#include "base/number_core.h"')
    print()
    print("/* clang-format off */")
    print("const uint64_t pf_powers_of_ten[PF_POWER_COUNT][2] = {")
    entries = [significand(power) for power in range(LOWEST, HIGHEST + 1)]
    texts = [f"{{0x{entry >> 64:016x}, 0x{entry & (2**64 - 1):016x}}}" for entry in entries]
    for at in range(0, len(texts), 3):
        print("    " + ", ".join(texts[at : at + 3]) + ",")
    print("};")


if __name__ == "__main__":
    main()
