// SPDX-License-Identifier: Apache-2.0
// launcher/options/output: from what was said about output to how it is written.
// Whether colours are wanted is said here; whether there is a terminal for them, the writer sees.
#pragma once

#include "launcher/options/settings.hpp"
#include "launcher/output_writer.hpp"

namespace vrun::launcher {

OutputPlan output_plan_of(const OutputSettings& settings, bool wants_color);

}  // namespace vrun::launcher
