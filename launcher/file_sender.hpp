// SPDX-License-Identifier: Apache-2.0
// launcher/file_sender: the job's files, read as vrun's user and sent to those who asked.
// Reads no more than there is credit for, and one file at a time. What a file holds now must be
// what was announced of it: its checksum is taken again while it is read.
#pragma once

#include "files/digest.hpp"
#include "wire/messages/preload.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace vrun::launcher {

class FileSender {
public:
    struct Events {
        std::function<void(const wire::FileData&)> on_data;
        std::function<void(const Error&)> on_failed;  // once; nothing more is sent
    };

    FileSender(std::vector<std::string> sources, Events events);
    void describe(std::vector<wire::PreloadFile> files) { files_ = std::move(files); }

    void want(const std::vector<std::uint32_t>& files);  // with the first file_window of credit
    void add_credit(std::uint32_t bytes);
    void stop();

private:
    struct Reading {
        UniqueFd file;
        std::uint64_t left;
        files::Digest digest;
    };

    void send();
    std::optional<Error> begin();
    std::optional<Error> send_piece();
    Error failed(std::error_code code, const std::string& doing) const;

    std::vector<std::string> sources_;
    std::vector<wire::PreloadFile> files_;
    Events events_;
    std::deque<std::uint32_t> wanted_;
    std::optional<Reading> reading_;  // of the first of wanted_
    std::uint64_t credit_ = 0;
};

}  // namespace vrun::launcher
