// SPDX-License-Identifier: MIT
// One program at a time in a folder. The lock is the kernel's and goes with the program, however
// that ends; it leaves no file behind.
#pragma once

#include <string>

#include <spikelet/io/file.hpp>

namespace spikegpt {

namespace sk = spikelet;

class FolderLock {
public:
    /// Locks nothing.
    FolderLock() = default;

    /// Throws Error if another program has the lock, or there is no such folder.
    explicit FolderLock(std::string const& folder);

private:
    sk::FileDescriptor folder_;
};

}  // namespace spikegpt
