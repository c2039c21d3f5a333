// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/preload.hpp"

#include "wire/base/escape.hpp"
#include "wire/base/reject.hpp"

#include <algorithm>

namespace vrun::shepherd {
namespace {

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

constexpr mode_t private_umask = 077;

std::string joined(const std::string& directory, const std::string& name) {
    if (name.starts_with('/')) return name;
    return name.empty() ? directory : directory + "/" + name;
}

files::Place place_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return {path.substr(0, slash + 1), path.substr(slash + 1)};
}

asio::awaitable<std::optional<Error>> call(std::function<std::optional<Error>()> work) {
    co_return work();
}

}  // namespace

Preload::Preload(asio::any_io_executor loop, const wire::LaunchJob& launch, Mail& mail)
    : launch_{launch},
      mail_{mail},
      flow_{launch.files.size(),
            wire::tree_children(mail.self(), static_cast<wire::NodeIndex>(launch.nodes.size()))},
      left_to_come_(launch.files.size()),
      news_{loop, asio::steady_timer::time_point::max()},
      tasks_{loop, [this](std::string_view name, std::exception_ptr) {
                 failure_ = Error{std::make_error_code(std::errc::io_error), std::string{name}};
                 news_.cancel();
             }} {}

asio::awaitable<std::optional<Error>> Preload::run(std::string session, GroundOf ground_of) {
    if (launch_.files.empty() || is_stopping_) co_return std::nullopt;
    for (std::size_t i = 0; i < launch_.files.size(); ++i) {
        const wire::PreloadFile& file = launch_.files[i];
        arrivals_.emplace_back(file, file.is_program ? program_goals(i, session, ground_of)
                                                     : goals_of(file, ground_of));
    }
    disk_.emplace(1);
    std::function<std::optional<Error>()> looking = [this] { return look(); };
    failure_ = co_await on_thread(std::move(looking));
    if (is_stopping_) co_return std::nullopt;
    if (failure_) co_return failure_;
    std::vector<std::uint32_t> lacking;
    for (std::uint32_t file = 0; file < arrivals_.size(); ++file)
        if (arrivals_[file].is_lacking()) lacking.push_back(file);
    lacking_ = lacking.size();
    flow_.want_here(lacking);
    tell_wanted();
    tasks_.spawn("pass on files", spread());
    while (lacking_ > 0 && !failure_ && !is_stopping_)
        co_await news();
    co_return failure_;
}

// Ranks of several apps may start in one directory, and then need the file there once.
std::vector<files::Arrival::Goal> Preload::goals_of(const wire::PreloadFile& file,
                                                    const GroundOf& ground_of) const {
    std::vector<files::Arrival::Goal> goals;
    for (const std::uint32_t app : file.apps) {
        const std::optional<Ground> ground = ground_of(app);
        if (!ground) continue;
        files::Arrival::Goal goal;
        goal.place = {joined(ground->workdir, file.directory), file.name, launch_.umask};
        if (std::ranges::find(goals, goal.place, &files::Arrival::Goal::place) == goals.end())
            goals.push_back(std::move(goal));
    }
    return goals;
}

// Below the session directory, in a directory of its own: two programs may have the same name. What
// all its apps would execute anyway may do as well.
std::vector<files::Arrival::Goal> Preload::program_goals(std::size_t index,
                                                         const std::string& session,
                                                         const GroundOf& ground_of) const {
    const wire::PreloadFile& file = launch_.files[index];
    files::Arrival::Goal goal;
    goal.place = {session + "/preload/" + std::to_string(index), file.name, private_umask};
    bool is_needed = false, is_known = true;
    for (const std::uint32_t app : file.apps) {
        const std::optional<Ground> ground = ground_of(app);
        if (!ground) continue;
        is_needed = true;
        is_known = is_known && !ground->program.empty();
        goal.found.push_back(place_of(joined(ground->workdir, ground->program)));
    }
    if (!is_known) goal.found.clear();
    return is_needed ? std::vector{std::move(goal)} : std::vector<files::Arrival::Goal>{};
}

std::optional<std::string> Preload::program_of(std::uint32_t app) const {
    for (std::size_t i = 0; i < arrivals_.size(); ++i) {
        const wire::PreloadFile& file = launch_.files[i];
        if (!file.is_program || std::ranges::find(file.apps, app) == file.apps.end()) continue;
        for (const files::Arrival::Goal& goal : arrivals_[i].goals())
            return goal.is_found ? std::nullopt : std::optional{goal.place.path()};
    }
    return std::nullopt;
}

std::optional<Error> Preload::look() {
    for (files::Arrival& arrival : arrivals_)
        if (auto error = arrival.look(stop_.get_token())) return error;
    return std::nullopt;
}

void Preload::tell_wanted() {
    const auto wanted = flow_.take_wanted();
    if (!wanted) return;
    for (const std::uint32_t file : *wanted)
        left_to_come_[file] = launch_.files[file].size;
    mail_.to_above(wire::FilesWanted{*wanted});
}

void Preload::on_wanted(wire::NodeIndex from, const wire::FilesWanted& wanted) {
    if (is_stopping_) return;
    flow_.want(from, wanted.files);
    tell_wanted();
}

void Preload::on_data(wire::NodeIndex from, wire::FileData data) {
    if (is_stopping_) return;
    const bool is_from_above =
        mail_.is_root() ? from == wire::to_controller : mail_.is_parent(from);
    const bool is_awaited = is_from_above && data.file < left_to_come_.size() &&
                            !data.bytes.empty() && data.bytes.size() <= left_to_come_[data.file] &&
                            data.bytes.size() + queued_ <= wire::file_window;
    if (!is_awaited) reject("take a file's bytes that nobody asked for");
    left_to_come_[data.file] -= data.bytes.size();
    queued_ += data.bytes.size();
    queue_.push_back(std::move(data));
    news_.cancel();
}

void Preload::on_credit(wire::NodeIndex from, const wire::FileCredit& credit) {
    if (is_stopping_) return;
    flow_.grant(from, credit.bytes);
    news_.cancel();
}

void Preload::lose(wire::NodeIndex child) {
    flow_.lose(child);
    if (!is_stopping_) tell_wanted();
    news_.cancel();
}

// In order. The slowest child sets the pace: what waits for it waits here, and above.
asio::awaitable<void> Preload::spread() {
    while (!is_stopping_) {
        const bool can_go =
            !queue_.empty() && flow_.has_room(queue_.front().file, queue_.front().bytes.size());
        if (!can_go) {
            co_await news();
            continue;
        }
        wire::FileData data = std::move(queue_.front());
        queue_.pop_front();
        const std::size_t size = data.bytes.size();
        pass_on(data);
        co_await take(std::move(data));
        queued_ -= size;
        mail_.to_above(wire::FileCredit{static_cast<std::uint32_t>(size)});
    }
}

void Preload::pass_on(const wire::FileData& data) {
    flow_.spend(data.file, data.bytes.size());
    for (const wire::NodeIndex child : flow_.takers(data.file))
        mail_.to_node(child, data);
}

asio::awaitable<void> Preload::take(wire::FileData data) {
    files::Arrival& arrival = arrivals_[data.file];
    if (failure_ || !arrival.is_lacking()) co_return;
    std::function<std::optional<Error>()> writing = [&] { return arrival.write(data.bytes); };
    failure_ = co_await on_thread(std::move(writing));
    if (!arrival.is_lacking()) --lacking_;
    if (failure_ || lacking_ == 0) news_.cancel();
}

asio::awaitable<void> Preload::news() {
    co_await news_.async_wait(as_values);
}

asio::awaitable<std::optional<Error>> Preload::on_thread(
    std::function<std::optional<Error>()> work) {
    auto calling = call(std::move(work));
    co_return co_await asio::co_spawn(*disk_, std::move(calling), asio::use_awaitable);
}

void Preload::stop() {
    is_stopping_ = true;
    stop_.request_stop();
    news_.cancel();
}

asio::awaitable<void> Preload::finish() {
    stop();
    co_await tasks_.join();
    arrivals_.clear();  // what is not whole goes
}

}  // namespace vrun::shepherd
