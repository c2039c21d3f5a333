// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/manual_words.hpp"

namespace vrun::launcher {

const std::string_view markdown_start = R"(# The options of vrun

<!-- Made from the tables in launcher/options by vrun-option-texts: change those, then
     build/debug/bin/vrun-option-texts markdown > docs/options.md -->

`vrun`, or `mpirun`, `mpiexec`, `mpiexec.hydra`, `orterun`, `prterun` as links to it, takes the options of
Open MPI 4, Open MPI 5 and of Hydra (MPICH, Intel MPI):

    vrun [OPTION]... PROGRAM [ARGUMENT]... [: [OPTION]... PROGRAM [ARGUMENT]...]...

- A name takes one dash or two; its value is the next word or follows `=`. `-qv` is `-q -v` if nothing is called `qv`.
  `--` ends the options; the first word without a dash is the program.
- Where a name means two things, Open MPI's meaning holds. Called as `mpiexec.hydra`, `mpiexec.mpich` or `mpirun.mpich`,
  with `--personality hydra` or with `VRUN_PERSONALITY=hydra` it is Hydra's, together with its defaults; Hydra's names
  are then taken in any letter case first (`-N 4` is `-n 4`), otherwise when nothing matches exactly. `ompi5`, or
  `prterun`: the defaults of Open MPI 5.
- *of*: a `program` option holds for the program that follows it, a `job` option for all, wherever it is written
  (`mpirun` and `mpiexec` take it anywhere as well). The last one wins. `-mca` before the first program holds for all.
- Accepted options that do nothing here say so in one line, unless `-q` is given. `vrun --help NAME` tells about one.

`--app FILE` and `-configfile FILE`: a line is what may stand between two `:`; `#` begins a comment; quotes keep a
word together (which `mpirun` and `mpiexec` do not know). Options beside the file hold for all of its programs.

Other than the stock tools:

| line | they | vrun |
| --- | --- | --- |
| `-n 0` | start one process for each slot | an error: a script's empty variable shall not fill the cluster |
| `mpiexec.hydra -genvnone` | passes everything on the node itself | as on other nodes: what a login sets (`HOME`, `LOGNAME`, `PATH`, `SHELL`, `USER`) |
| `mpirun -x A` and other hosts | passes `OMPI_*` and what `-x` names | passes all variables, except those of the host (below) |
| `-mca K V` in a later program | the first value holds for all | a value for that program |
| a program that cannot be found | 132 to 134 (`mpirun`), 255 (`mpiexec.hydra`) | 127, 126 (`docs/exit-codes.md`) |
| too few slots; a wrong command line | 1 (`mpirun`), 255 (`mpiexec.hydra`) | 120; 2 |
| as root | `mpirun` refuses without `--allow-run-as-root` | does as it is told |
| killed by signal N | Hydra returns N | 128 + N |
)";

const std::string_view markdown_variables = R"(
## Variables

Ranks see the variables of the `vrun` that was typed, except

- those of its host and shell: `HOSTNAME`, `HOST`, `PWD`, `OLDPWD`, `_`, `SHLVL`, `TMPDIR`, `TMP`, `TEMP`;
- those of its screen, login and service manager: `DISPLAY`, `WAYLAND_DISPLAY`, `XAUTHORITY`, `WINDOWID`, `SSH_*`, `GPG_TTY`, `GPG_AGENT_INFO`,
  `DBUS_SESSION_BUS_ADDRESS`, `XDG_RUNTIME_DIR`, `XDG_SESSION_*`, `XDG_SEAT*`, `XDG_VTNR`, `TMUX`, `STY`, `NOTIFY_SOCKET`, `LISTEN_*`, …;
- what an outer launcher said to it as a rank: `PMI_*`, `PMIX_*` (but `PMIX_MCA_*` stay), `HYDRA_*`, `HYDI_*`, `MPI_LOCALRANKID`, `OMPI_COMM_WORLD_*`,
  `OMPI_MCA_orte_*`, `OMPI_MCA_ess*`, `PRTE_*`, `MV2_COMM_WORLD_*`, `SLURM_*` (but the job's id, name, array and directory stay), `FLUX_*`, `PALS_*`, `ALPS_*`, `JSM_*`;
- `OMPI_MCA_hwloc_base_binding_policy`: vrun binds.

`-x NAME` passes one of them all the same. `--display env` shows for each program what it will see, and which names are
kept back; each rank finds in addition who it is (`docs/environment.md`). On each host `HOSTNAME`, `PWD` and `TMPDIR` are that host's.

These are read, as if the option stood before all others; of several, the last in this list wins. `OMPI_MCA_` and `PRTE_MCA_` names also
come from `--mca`, `--tune`, `--am`, and from `mca-params.conf` in `~/.openmpi`, `~/.prte`, and in `etc` (`openmpi-mca-params.conf`,
`prte-mca-params.conf`) of `/etc/openmpi`, `$OPAL_PREFIX` and `$CONDA_PREFIX`.

| variable | option |
| --- | --- |
)";

const std::string_view markdown_end = R"(
`OMPI_ALLOW_RUN_AS_ROOT`, `OMPI_ALLOW_RUN_AS_ROOT_CONFIRM`, `PRTE_ALLOW_RUN_AS_ROOT`, `PRTE_ALLOW_RUN_AS_ROOT_CONFIRM`: nothing to
allow. `OMPI_MCA_plm*`, `OMPI_MCA_oob*`, `HYDRA_LAUNCHER*`, `HYDRA_BOOTSTRAP*`, `HYDRA_RMK`, `HYDRA_IFACE`, `HYDRA_PROXY_RETRY_COUNT`,
`MPIEXEC_PORT_RANGE`, `I_MPI_HYDRA_BOOTSTRAP*`: they say how other launchers start and reach their daemons; vrund is there.
`OMPI_MCA_orte_keep_fqdn_hostnames`: names are never cut. `OMPI_MCA_orte_set_default_slots`: each vrund counts its own (`vrund --slots`).
)";

const std::string_view manual_start =
    R"([OPTION]... PROGRAM [ARGUMENT]... [: [OPTION]... PROGRAM [ARGUMENT]...]...
.SH DESCRIPTION
Runs PROGRAM as an MPI job on the nodes of the cluster, or on this machine alone.
Takes the options of Open MPI 4, Open MPI 5 and of Hydra (MPICH, Intel MPI).
A name takes one dash or two; its value is the next word or follows \(lq=\(rq.
\(lq\-\-\(rq ends the options; the first word without a dash is the program.
Where a name means two things, Open MPI's meaning holds, unless
.B \-\-personality hydra
or the name by which it was called says otherwise.
.SH OPTIONS
)";

const std::string_view manual_end = R"(.SH EXIT STATUS
0 if every process returned 0, else that of the first one that failed; 128 + the signal if it was killed.
2: the command line is wrong. 120: too few slots. 121: a node was lost. 122: the daemon was lost. 123: refused.
126, 127: the program could not be executed, was not found.
.SH ENVIRONMENT
.TP
.B VRUN_SOCKET
the daemon to ask
.TP
.B VRUN_PERSONALITY
ompi, ompi5 or hydra
.SH SEE ALSO
.BR vrunctl (1),
.BR vrund (8)
)";

const std::string_view bash_start =
    R"(# bash completion for vrun; made from the table of its options
_vrun() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    case $before in
)";

const std::string_view bash_middle = R"(        *)
            if [[ $word == -* ]]; then
                COMPREPLY=($(compgen -W ')";

const std::string_view bash_end = R"(' -- "$word"))
            else
                COMPREPLY=($(compgen -c -- "$word") $(compgen -f -- "$word"))
            fi;;
    esac
}
complete -o filenames -F _vrun vrun
)";

const std::string_view zsh_start = R"(#compdef vrun
# zsh completion for vrun; made from the table of its options
local -a options
options=(
)";

const std::string_view zsh_end = R"()
_arguments -s $options '1:program:_command_names -e' '*::arguments:_normal'
)";

}  // namespace vrun::launcher
