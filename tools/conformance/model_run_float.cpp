// SPDX-License-Identifier: MIT
#include "conformance/model_run_impl.hpp"

template conformance::ModelRun conformance::run_model<float>(ModelTask const&);
