// SPDX-License-Identifier: Apache-2.0
// tests/unit/pmix/client: a rank that uses libpmix as an MPI library does, and says what it got.
//   pmix_test_client WHAT
// Lines on stdout; exit code 1 if a call failed that should not.
#include <pmix.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace {

pmix_proc_t me;

void must(pmix_status_t status, const char* call) {
    if (status == PMIX_SUCCESS) return;
    std::printf("rank %u: %s: %d\n", me.rank, call, status);
    std::exit(1);
}

template <class... Words>
void say(const char* format, Words... words) {
    std::printf(format, words...);
    std::fflush(stdout);
}

pmix_proc_t proc_of(pmix_rank_t rank) {
    pmix_proc_t proc{};
    PMIX_LOAD_PROCID(&proc, me.nspace, rank);
    return proc;
}

long number_of(pmix_rank_t rank, const char* key) {
    const pmix_proc_t proc = proc_of(rank);
    pmix_value_t* value = nullptr;
    must(PMIx_Get(&proc, key, nullptr, 0, &value), key);
    const long number = value->type == PMIX_UINT16      ? static_cast<long>(value->data.uint16)
                        : value->type == PMIX_PROC_RANK ? static_cast<long>(value->data.rank)
                                                        : static_cast<long>(value->data.uint32);
    PMIX_VALUE_RELEASE(value);
    return number;
}

std::string text_of(pmix_rank_t rank, const char* key) {
    const pmix_proc_t proc = proc_of(rank);
    pmix_value_t* value = nullptr;
    must(PMIx_Get(&proc, key, nullptr, 0, &value), key);
    const std::string text = value->data.string;
    PMIX_VALUE_RELEASE(value);
    return text;
}

pmix_status_t fence(const std::vector<pmix_proc_t>& procs, bool collect) {
    pmix_info_t info{};
    PMIX_INFO_LOAD(&info, PMIX_COLLECT_DATA, &collect, PMIX_BOOL);
    return PMIx_Fence(procs.data(), procs.size(), &info, 1);
}

std::string card_of(pmix_rank_t rank) {
    return "card of " + std::to_string(rank) + std::string(3000, '.');
}

void put_card() {
    std::string card = card_of(me.rank);
    pmix_value_t value{};
    value.type = PMIX_STRING;
    value.data.string = card.data();
    must(PMIx_Put(PMIX_GLOBAL, "vrun.card", &value), "PMIx_Put");
    must(PMIx_Commit(), "PMIx_Commit");
}

int good_cards() {
    int good = 0;
    const auto size = static_cast<pmix_rank_t>(number_of(PMIX_RANK_WILDCARD, PMIX_JOB_SIZE));
    for (pmix_rank_t rank = 0; rank < size; ++rank)
        good += text_of(rank, "vrun.card") == card_of(rank);
    return good;
}

void exchange(bool collect) {
    put_card();
    const pmix_proc_t all = proc_of(PMIX_RANK_WILDCARD);
    must(fence({all}, collect), "PMIx_Fence");
    say("rank %u of %ld on %s: %d cards, %ld local, universe %ld\n", me.rank,
        number_of(PMIX_RANK_WILDCARD, PMIX_JOB_SIZE), text_of(me.rank, PMIX_HOSTNAME).c_str(),
        good_cards(), number_of(PMIX_RANK_WILDCARD, PMIX_LOCAL_SIZE),
        number_of(PMIX_RANK_WILDCARD, PMIX_UNIV_SIZE));
    must(fence({all}, false), "PMIx_Fence");
}

// Ranks 0 and 1 meet a few times without the others; then all do.
void subsets() {
    for (int i = 0; i < 3 && me.rank < 2; ++i) {
        must(fence({proc_of(0), proc_of(1)}, false), "PMIx_Fence of two");
        say("rank %u met\n", me.rank);
    }
    exchange(true);
}

void abort_job() {
    if (me.rank == 1) PMIx_Abort(7, "told so", nullptr, 0);
    (void)fence({proc_of(PMIX_RANK_WILDCARD)}, false);
}

void log() {
    pmix_info_t info{};
    PMIX_INFO_LOAD(&info, PMIX_LOG_STDERR, "all is lost", PMIX_STRING);
    const pmix_status_t status = PMIx_Log(&info, 1, nullptr, 0);
    must(status == PMIX_OPERATION_SUCCEEDED ? PMIX_SUCCESS : status, "PMIx_Log");
}

pmix_status_t spawn() {
    pmix_app_t app{};
    char program[] = "/bin/true";
    char* argv[] = {program, nullptr};
    app.cmd = program;
    app.argv = argv;
    app.maxprocs = 1;
    pmix_nspace_t child{};
    return PMIx_Spawn(nullptr, 0, &app, 1, child);
}

pmix_status_t lookup(bool wait) {
    pmix_pdata_t data{};
    std::strcpy(data.key, "nobody");
    pmix_info_t info{};
    PMIX_INFO_LOAD(&info, PMIX_WAIT, &wait, PMIX_BOOL);
    return PMIx_Lookup(&data, 1, &info, 1);
}

pmix_status_t publish() {
    pmix_info_t info{};
    PMIX_INFO_LOAD(&info, "vrun.name", "value", PMIX_STRING);
    return PMIx_Publish(&info, 1);
}

pmix_status_t unpublish() {
    char key[] = "vrun.name";
    char* keys[] = {key, nullptr};
    return PMIx_Unpublish(keys, nullptr, 0);
}

pmix_status_t query() {
    pmix_query_t query{};
    char key[] = PMIX_QUERY_NUM_PSETS;
    char* keys[] = {key, nullptr};
    query.keys = keys;
    pmix_info_t* results = nullptr;
    std::size_t count = 0;
    return PMIx_Query_info(&query, 1, &results, &count);
}

pmix_status_t group() {
    const pmix_proc_t all = proc_of(PMIX_RANK_WILDCARD);
    pmix_info_t* results = nullptr;
    std::size_t count = 0;
    return PMIx_Group_construct("friends", &all, 1, nullptr, 0, &results, &count);
}

pmix_status_t connect() {
    const pmix_proc_t all = proc_of(PMIX_RANK_WILDCARD);
    return PMIx_Connect(&all, 1, nullptr, 0);
}

pmix_status_t disconnect() {
    const pmix_proc_t all = proc_of(PMIX_RANK_WILDCARD);
    return PMIx_Disconnect(&all, 1, nullptr, 0);
}

void ignore(std::size_t, pmix_status_t, const pmix_proc_t*, pmix_info_t*, std::size_t, pmix_info_t*,
            std::size_t, pmix_event_notification_cbfunc_fn_t done, void* context) {
    if (done) done(PMIX_EVENT_ACTION_COMPLETE, nullptr, 0, nullptr, nullptr, context);
}

pmix_status_t register_event_handler() {
    pmix_status_t code = PMIX_ERR_PROC_ABORTED;
    const pmix_status_t id =
        PMIx_Register_event_handler(&code, 1, nullptr, 0, ignore, nullptr, nullptr);
    return id >= 0 ? PMIX_SUCCESS : id;
}

pmix_status_t notify() {
    return PMIx_Notify_event(PMIX_ERR_PROC_ABORTED, &me, PMIX_RANGE_GLOBAL, nullptr, 0, nullptr,
                             nullptr);
}

pmix_status_t allocate() {
    pmix_info_t info{};
    PMIX_INFO_LOAD(&info, PMIX_ALLOC_ID, "more", PMIX_STRING);
    pmix_info_t* results = nullptr;
    std::size_t count = 0;
    return PMIx_Allocation_request(PMIX_ALLOC_NEW, &info, 1, &results, &count);
}

pmix_status_t control() {
    pmix_info_t info{};
    PMIX_INFO_LOAD(&info, PMIX_JOB_CTRL_TERMINATE, nullptr, PMIX_BOOL);
    pmix_info_t* results = nullptr;
    std::size_t count = 0;
    return PMIx_Job_control(&me, 1, &info, 1, &results, &count);
}

pmix_status_t monitor() {
    pmix_info_t what{}, how{};
    PMIX_INFO_LOAD(&what, PMIX_MONITOR_APP_CONTROL, "id", PMIX_STRING);
    PMIX_INFO_LOAD(&how, PMIX_MONITOR_ID, "id", PMIX_STRING);
    pmix_info_t* results = nullptr;
    std::size_t count = 0;
    return PMIx_Process_monitor(&what, PMIX_MONITOR_FILE_ALERT, &how, 1, &results, &count);
}

pmix_status_t credential() {
    pmix_byte_object_t credential{};
    return PMIx_Get_credential(nullptr, 0, &credential);
}

pmix_status_t get_unknown_rank() {
    const pmix_proc_t proc = proc_of(99);
    pmix_value_t* value = nullptr;
    return PMIx_Get(&proc, "vrun.card", nullptr, 0, &value);
}

pmix_status_t get_unknown_job() {
    pmix_proc_t other{};
    PMIX_LOAD_PROCID(&other, "vrun-another", 0);
    pmix_value_t* value = nullptr;
    return PMIx_Get(&other, "vrun.card", nullptr, 0, &value);
}

void unsupported() {
    const std::vector<std::pair<const char*, std::function<pmix_status_t()>>> calls{
        {"PMIx_Connect", connect},
        {"PMIx_Disconnect", disconnect},
        {"PMIx_Spawn", spawn},
        {"PMIx_Lookup", [] { return lookup(false); }},
        {"PMIx_Lookup_waiting", [] { return lookup(true); }},
        {"PMIx_Publish", publish},
        {"PMIx_Unpublish", unpublish},
        {"PMIx_Query_info", query},
        {"PMIx_Group_construct", group},
        {"PMIx_Allocation_request", allocate},
        {"PMIx_Job_control", control},
        {"PMIx_Process_monitor", monitor},
        {"PMIx_Get_credential", credential},
        {"PMIx_Get_of_no_rank", get_unknown_rank},
        {"PMIx_Get_of_no_job", get_unknown_job},
        {"PMIx_Register_event_handler", register_event_handler},
        {"PMIx_Notify_event", notify},
    };
    for (const auto& [name, call] : calls) {
        say("rank %u calls %s\n", me.rank, name);
        const pmix_status_t status = call();
        say("rank %u %s: %s\n", me.rank, name, status == PMIX_SUCCESS ? "done" : "refused");
    }
    exchange(true);  // and all is well
}

void say_app() {
    for (pmix_rank_t rank = 0; rank < 3; ++rank)
        say("rank %u sees %u: app %ld, rank %ld there, local rank %ld\n", me.rank, rank,
            number_of(rank, PMIX_APPNUM), number_of(rank, PMIX_APP_RANK),
            number_of(rank, PMIX_LOCAL_RANK));
    exchange(true);
}

const std::map<std::string, std::function<void()>> programs{
    {"apps", say_app},
    {"exchange", [] { exchange(true); }},
    {"modex", [] { exchange(false); }},
    {"subsets", subsets},
    {"abort", abort_job},
    {"log", log},
    {"unsupported", unsupported},
    {"vanish",
     [] {
         if (me.rank == 0) ::_exit(5);
         say("rank %u: fence: %d\n", me.rank, fence({proc_of(PMIX_RANK_WILDCARD)}, false));
     }},
};

}  // namespace

// A client of libpmix leaves some of its memory behind.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libpmix.so\n";
}

int main(int argc, char** argv) {
    if (argc < 2 || !programs.contains(argv[1])) return 2;
    ::alarm(40);  // a call that never returns shall be seen as such
    must(PMIx_Init(&me, nullptr, 0), "PMIx_Init");
    programs.at(argv[1])();
    must(PMIx_Finalize(nullptr, 0), "PMIx_Finalize");
    return 0;
}
