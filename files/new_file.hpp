// SPDX-License-Identifier: Apache-2.0
// files/new_file: a file that appears under its name whole, or never, and over nothing.
// It has no name while it is written (O_TMPFILE), so whoever dies leaves nothing; where the file
// system knows no such files, a hidden one that is renamed. Below its directory no symbolic link is
// followed: in /tmp somebody else may have put one there. All calls block.
#pragma once

#include "files/digest.hpp"

#include <sys/types.h>
#include <optional>
#include <string>

namespace vrun::files {

struct Place {
    std::string directory;  // as open() understands it
    std::string name;       // below it; wire::is_name_below()
    mode_t umask = 022;     // of directories that are made

    std::string path() const { return directory + "/" + name; }
    bool operator==(const Place&) const = default;
};

enum class Presence { absent, same, other };

// What is there already. An Error when that cannot be told; ECANCELED after a request to stop.
Result<Presence> presence_of(const Place& place, std::uint64_t size, const wire::Bytes& digest,
                             std::stop_token stop = {});

// Whether a file of this size could be written there now: room, rights, a file system that may be
// written to. Leaves nothing.
std::optional<Error> obstacle_at(const Place& place, std::uint64_t size);

class NewFile {
public:
    // Makes the directories that are missing, and takes the room.
    static Result<NewFile> create(const Place& place, std::uint64_t size);
    NewFile(NewFile&& other) noexcept;
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile();

    std::optional<Error> write(std::span<const std::byte> bytes);

    // Gives it its permissions and its name. EEXIST: the name is taken.
    std::optional<Error> place(mode_t permissions);

private:
    NewFile(UniqueFd parent, std::string name)
        : parent_{std::move(parent)}, name_{std::move(name)} {}
    std::optional<Error> open();

    UniqueFd parent_;
    std::string name_;    // in parent_
    std::string hidden_;  // the name that it has until then, if it needs one
    UniqueFd file_;
};

}  // namespace vrun::files
