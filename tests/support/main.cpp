// SPDX-License-Identifier: MIT
//
// The main function of every test program. The second line is what doctest makes of the first, but
// not where its header is precompiled already.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
