# SPDX-License-Identifier: MIT
#
# cmake -D SOURCE=... -D REPOSITORY=... -P repository.cmake
#
# Makes a git repository of what users of the library need of the sources as they are now, be they
# committed or not: nothing is fetched over a network. One that is there gets a commit more.
find_package(Git QUIET REQUIRED)
foreach(part IN ITEMS CMakeLists.txt LICENSE cmake include)
    file(REMOVE_RECURSE "${REPOSITORY}/${part}")
    file(COPY "${SOURCE}/${part}" DESTINATION "${REPOSITORY}")
endforeach()
set(author -c user.name=nobody -c user.email=nobody@localhost -c commit.gpgsign=false)
set(commands "add --all" "commit --quiet --allow-empty --message=all")
if(NOT EXISTS "${REPOSITORY}/.git")
    list(PREPEND commands "init --quiet --initial-branch=main")
endif()
foreach(command IN LISTS commands)
    separate_arguments(words UNIX_COMMAND "${command}")
    execute_process(
        COMMAND "${GIT_EXECUTABLE}" ${author} ${words}
        WORKING_DIRECTORY "${REPOSITORY}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
