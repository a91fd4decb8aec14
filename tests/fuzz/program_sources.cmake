# SPDX-License-Identifier: MIT
#
# What the readers in program_readers.hpp are linked with: files of spikegpt without what computes.
set(program_reader_sources "${CMAKE_CURRENT_LIST_DIR}/no_engine.cpp")
foreach(name IN ITEMS classifier_model labelled_texts language_model line_reader metrics model_source
                      run_folder stop stored_model train_options)
    list(APPEND program_reader_sources "${PROJECT_SOURCE_DIR}/examples/spikegpt/${name}.cpp")
endforeach()
