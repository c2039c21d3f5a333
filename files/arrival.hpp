// SPDX-License-Identifier: Apache-2.0
// files/arrival: one preloaded file on its way into its places on a node.
// Looks first what is there: the same content is left alone, other content is an error. Then takes
// the bytes in order, and gives the file its name once its checksum is right. All calls block; the
// Errors are sentences for the user.
#pragma once

#include "files/new_file.hpp"
#include "wire/messages/preload.hpp"

#include <vector>

namespace vrun::files {

class Arrival {
public:
    struct Goal {
        Place place;
        std::vector<Place> found;  // where it may be already: at all of these is as good
        bool is_found = false;     // it is there
        bool is_met = false;       // there or in its place
    };

    // The file outlives this object.
    Arrival(const wire::PreloadFile& file, std::vector<Goal> goals);

    // Once, first. Empty files are made here. ECANCELED after a request to stop.
    std::optional<Error> look(std::stop_token stop);
    bool is_lacking() const;  // bytes shall come
    const std::vector<Goal>& goals() const { return goals_; }

    std::optional<Error> write(std::span<const std::byte> bytes);

private:
    std::optional<Error> look_at(Goal& goal, const std::stop_token& stop) const;
    std::optional<Error> begin();
    std::optional<Error> complete();
    std::optional<Error> put(Goal& goal, NewFile& file) const;
    Error failed(const Goal& goal, const Error& error) const;
    Error conflict(const Goal& goal) const;

    const wire::PreloadFile& file_;
    std::vector<Goal> goals_;
    Digest digest_;
    std::uint64_t written_ = 0;
    std::vector<NewFile> new_files_;  // for the goals that are not met, in their order
};

}  // namespace vrun::files
