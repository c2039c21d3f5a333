// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/help.hpp"
#include "launcher/options/manual.hpp"
#include "launcher/options/table.hpp"
#include "launcher/options/variables.hpp"

#include <gtest/gtest.h>
#include <array>
#include <fstream>
#include <set>
#include <sstream>

namespace vrun::launcher {
namespace {

// What the stock launchers of each dialect take, by their own lists of options.
struct Stock {
    Dialects dialect;
    std::string_view names;
};
constexpr std::array stock{
    Stock{openmpi,
          "n np c N npernode pernode npersocket hostfile machinefile default-hostfile host H "
          "nolocal oversubscribe nooversubscribe max-vm-size novm use-hwthread-cpus rankfile rf "
          "app map-by rank-by bind-to bind-to-core bind-to-socket bycore bynode byslot "
          "cpus-per-proc cpus-per-rank cpu-set cpu-list report-bindings display-map "
          "display-allocation display-topo display-devel-map display-devel-allocation "
          "display-diffable-map ppr xterm x wdir wd path prefix noprefix mca gmca am tune "
          "set-cwd-to-session-dir allow-run-as-root report-child-jobs-separately "
          "index-argv-by-rank personality do-not-launch do-not-resolve dvm hnp ompi-server "
          "launch-agent debug tv debugger output-proctable d debug-devel debug-daemons "
          "debug-daemons-file leave-session-attached report-events max-restarts disable-recovery "
          "enable-instant-on-support fwd-mpirun-port use-regexp cf cartofile xml xml-file q quiet "
          "tag-output timestamp-output output-filename merge-stderr-to-stdout stdin "
          "s preload-binary preload-files preload-files-dest-dir "
          "timeout report-state-on-timeout get-stack-traces enable-recovery continuous report-pid "
          "report-uri show-progress v verbose V version h help"},
    Stock{openmpi5,
          "add-host add-hostfile display dvm-uri set-env unset-env prepend-env append-env prtemca "
          "pmixmca gpmixmca omca gomca soft arch file memory-alloc-kinds pset gpu-support "
          "display-comm display-comm-finalize initial-errhandler stop-on-exec stop-in-init "
          "stop-in-app output stream-buffering singleton keepalive set-sid daemonize no-ready-msg "
          "tmpdir spawn-timeout runtime-options rto forward-signals with-ft"},
    Stock{hydra,
          "n np ppn f hostfile machinefile hosts host hostlist machine machines machinelist genv "
          "genvlist genvnone genvall env envlist envnone envall wdir path configfile usize "
          "skip-launch-node map-by bind-to binding membind rankmap gpus-per-proc "
          "gpu-subdevs-per-proc topolib launcher launcher-exec bootstrap bootstrap-exec enable-x "
          "disable-x rmk demux profile iface nameserver print-all-exitcodes "
          "prepend-rank l prepend-pattern outfile-pattern errfile-pattern enable-auto-cleanup "
          "disable-auto-cleanup "
          "disable-hostname-propagation enable-hostname-propagation "
          "order-nodes localhost hybrid-hosts pmi-port memory-alloc-kinds verbose v version info "
          "help h"},
};

std::vector<std::string> words_in(std::string_view text) {
    std::istringstream stream{std::string{text}};
    return {std::istream_iterator<std::string>{stream}, {}};
}

TEST(OptionTable, AnswersEveryStockOption) {
    std::size_t answered = 0;
    for (const Stock& launcher : stock) {
        for (const std::string& name : words_in(launcher.names)) {
            for (const Dialects dialect : {openmpi4, openmpi5, hydra}) {
                if ((launcher.dialect & dialect) == 0) continue;
                const Option* option = find_option(name, dialect);
                ASSERT_NE(option, nullptr) << name;
                EXPECT_NE(option->dialects & dialect, 0) << name << ": another launcher's";
                ++answered;
            }
        }
    }
    EXPECT_GT(answered, 200u);
    for (const std::string& name : words_in("export usize wait"))
        EXPECT_NE(find_option(name, openmpi4), nullptr) << name;
}

TEST(OptionTable, HasAnOptionForEachVariable) {
    for (const LauncherVariable& variable : launcher_variables()) {
        const std::string name{variable.option};
        EXPECT_NE(find_option(variable.meaning == Meaning::word ? name + "all" : name), nullptr)
            << variable.name;
    }
}

TEST(OptionTable, IsWhatTheDocumentsSay) {
    std::ifstream file{VRUN_SOURCE "/docs/options.md"};
    const std::string committed{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_TRUE(committed == options_markdown())
        << "vrun-option-texts markdown > docs/options.md writes it anew";
}

TEST(OptionTable, IsInEveryDocument) {
    const std::string page = manual_page("vrun"), bash = bash_completion(), zsh = zsh_completion();
    for (const Section& section : sections()) {
        EXPECT_NE(page.find(section.title), page.npos);
        for (const Option& option : section.options) {
            if (option.answer != Answer::done) continue;
            const std::string name = dashed(names_of(option).front());
            EXPECT_NE(bash.find(name), bash.npos) << name;
            EXPECT_NE(zsh.find("'*" + name + "["), zsh.npos) << name;
        }
    }
}

TEST(OptionTable, TellsAboutOneOption) {
    const std::string text = help_text("vrun", "--rankmap");
    EXPECT_NE(text.find("refused: write a rankfile"), text.npos) << text;
    EXPECT_EQ(text.find("--map-by"), text.npos) << text;
    EXPECT_TRUE(help_text("mpirun", "nonsense").starts_with("usage: mpirun "));
    EXPECT_NE(help_text("vrun", "which hosts").find("--hostfile"), text.npos);
}

}  // namespace
}  // namespace vrun::launcher
