// SPDX-License-Identifier: MIT
#include "folder_lock.hpp"

#include <cerrno>

#include <sys/file.h>

namespace spikegpt {

// Some network file systems cannot lock a folder; there it is the user's business.
FolderLock::FolderLock(std::string const& folder)
    : folder_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!folder_.is_open()) { sk::fail_with_errno(errno, "open the folder", folder); }
    if (::flock(folder_.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        sk::fail("train", "another training is running in " + sk::quote(folder) +
                              "; wait for its end, stop it, or give another --out");
    }
}

}  // namespace spikegpt
