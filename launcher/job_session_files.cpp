// SPDX-License-Identifier: Apache-2.0
// What a session does about the files that it brings to the job's nodes.
#include "launcher/job_session.hpp"
#include "wire/base/escape.hpp"

namespace vrun::launcher {

void JobSession::on_files_wanted(const wire::Message& message) {
    const auto wanted = wire::body_of<wire::FilesWanted>(message);
    if (options_.verbose && !wanted.files.empty())
        output_.say("sending files that hosts lack: " + std::to_string(wanted.files.size()));
    files_.want(wanted.files);
}

void JobSession::on_file_credit(const wire::Message& message) {
    files_.add_credit(wire::body_of<wire::FileCredit>(message).bytes);
}

// No rank needs to hear more about it than that it ends.
void JobSession::on_unsent_file(const Error& error) {
    output_.say(escaped(error.message()));
    failure_said_ = true;
    end_job(wire::EndMode::kill, wire::FailureKind::cancelled, 0, wire::exit_code::not_preloaded);
}

}  // namespace vrun::launcher
