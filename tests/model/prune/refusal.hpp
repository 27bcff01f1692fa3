#pragma once
// What the registry says about a variant that it does not make.

#include <string>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "model/prune/registry.hpp"

namespace litebench::prune {

/// Empty when the variant is fine.
inline std::string refusal(const std::string& variant) {
  try {
    (void)builtin_registry().make(unit::parse_variant(variant));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

}  // namespace litebench::prune
