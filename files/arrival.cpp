// SPDX-License-Identifier: Apache-2.0
#include "files/arrival.hpp"

#include "wire/base/escape.hpp"

#include <algorithm>

namespace vrun::files {

Arrival::Arrival(const wire::PreloadFile& file, std::vector<Goal> goals)
    : file_{file}, goals_{std::move(goals)} {}

bool Arrival::is_lacking() const {
    return file_.size > 0 && !std::ranges::all_of(goals_, &Goal::is_met);
}

std::optional<Error> Arrival::look(std::stop_token stop) {
    for (Goal& goal : goals_)
        if (auto error = look_at(goal, stop)) return error;
    if (file_.size > 0) return std::nullopt;
    if (auto error = begin()) return error;
    return complete();
}

std::optional<Error> Arrival::look_at(Goal& goal, const std::stop_token& stop) const {
    const auto is_same = [&](const Place& place) {  // a look that fails finds nothing
        const auto found = presence_of(place, file_.size, file_.digest, stop);
        return found && *found == Presence::same;
    };
    goal.is_met = goal.is_found = !goal.found.empty() && std::ranges::all_of(goal.found, is_same);
    if (goal.is_met) return std::nullopt;
    const auto presence = presence_of(goal.place, file_.size, file_.digest, stop);
    if (!presence) return failed(goal, presence.error());
    if (*presence == Presence::other) return conflict(goal);
    goal.is_met = *presence == Presence::same;
    if (goal.is_met) return std::nullopt;
    if (const auto error = obstacle_at(goal.place, file_.size)) return failed(goal, *error);
    return std::nullopt;
}

std::optional<Error> Arrival::begin() {
    for (const Goal& goal : goals_) {
        if (goal.is_met) continue;
        Result<NewFile> file = NewFile::create(goal.place, file_.size);
        if (!file) return failed(goal, file.error());
        new_files_.push_back(std::move(*file));
    }
    return std::nullopt;
}

std::optional<Error> Arrival::write(std::span<const std::byte> bytes) {
    if (written_ == 0)
        if (auto error = begin()) return error;
    auto file = new_files_.begin();
    for (const Goal& goal : goals_) {
        if (goal.is_met) continue;
        if (const auto error = (file++)->write(bytes)) return failed(goal, *error);
    }
    digest_.add(bytes);
    written_ += bytes.size();
    return written_ < file_.size ? std::nullopt : complete();
}

std::optional<Error> Arrival::complete() {
    if (digest_.finish() != file_.digest)
        return Error{std::make_error_code(std::errc::bad_message),
                     "preload '" + escaped(file_.name) + "': what arrived has another checksum"};
    auto file = new_files_.begin();
    for (Goal& goal : goals_) {
        if (goal.is_met) continue;
        if (auto error = put(goal, *file++)) return error;
        goal.is_met = true;
    }
    new_files_.clear();
    return std::nullopt;
}

// Somebody else may have been faster: another node, where they share the directory.
std::optional<Error> Arrival::put(Goal& goal, NewFile& file) const {
    const auto error = file.place(file_.mode);
    if (!error) return std::nullopt;
    if (error->code != std::errc::file_exists) return failed(goal, *error);
    const auto presence = presence_of(goal.place, file_.size, file_.digest);
    if (presence && *presence == Presence::same) return std::nullopt;
    return conflict(goal);
}

Error Arrival::failed(const Goal& goal, const Error& error) const {
    return {error.code, "preload '" + escaped(file_.name) + "' as '" + escaped(goal.place.path()) +
                            "': " + escaped(error.doing)};
}

Error Arrival::conflict(const Goal& goal) const {
    return {std::make_error_code(std::errc::file_exists),
            "preload '" + escaped(file_.name) + "': '" + escaped(goal.place.path()) +
                "' is something else there, and is not overwritten (remove it there, or name "
                "another directory by --preload-files-dest-dir)"};
}

}  // namespace vrun::files
