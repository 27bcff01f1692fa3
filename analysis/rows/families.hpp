#pragma once
// Which shards may become one table (design §10.2).

#include <string>

#include "shards/unit/keys.hpp"

namespace litebench::analysis {

/// "" when results of the two may stand in one table, else the first difference: "dtype fp32 against bf16". Other data sets
/// are no difference, other annotations of one data set are.
std::string family_difference(const unit::Parts& a, const unit::Parts& b);

/// The first part of two keys that differs: "threads 1 against 2"; "" when none does.
std::string first_difference(const unit::Parts& a, const unit::Parts& b);

}  // namespace litebench::analysis
