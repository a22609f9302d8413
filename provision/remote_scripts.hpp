// The scripts that run on nodes, compiled in from provision/remote/. They reach a node
// through stdin of `sh -s`, so that nothing is quoted and nothing is left behind.
#pragma once

#include <string_view>

namespace clustermpi::remote {

extern const std::string_view probe;  ///< facts and recorded state, as key=value lines
extern const std::string_view
    record;  ///< after an install: what is managed and its digests, kept on the node
extern const std::string_view
    receive;  ///< takes a file: has it? else digest-checked write and rename
extern const std::string_view authorize;     ///< lets a public key in
extern const std::string_view reset;         ///< as root: takes away what was added
extern const std::string_view sudoers;       ///< as root: lets a user call sudo without a password
extern const std::string_view launch;        ///< runs a job that ends when the connection does
extern const std::string_view feed;          ///< Python: the stdin of such a job
extern const std::string_view rank;          ///< starts one rank of a job
extern const std::string_view gather;        ///< Python: what a job's ranks print on one node
extern const std::string_view slurm_state;   ///< on the manager: how Slurm is
extern const std::string_view slurm_node;    ///< on a node: its daemons, and a credential of munge
extern const std::string_view slurm_decode;  ///< decodes such credentials
extern const std::string_view slurm_cancel;  ///< starts a job on all nodes and cancels it
extern const std::string_view slurm_left;    ///< what is left of it on a node
extern const std::string_view
    storage;  ///< as root: what stands between a node and the shared directory; makes a file system
extern const std::string_view share_proof;  ///< that the directory is the same one on all nodes
extern const std::string_view kernel_line;  ///< as root: asks the next kernel to limit memory
extern const std::string_view reboot;       ///< as root: starts the node anew, but not under a job
extern const std::string_view hpl;          ///< one rank of hpcc, in a folder of its own
extern const std::string_view hostname;     ///< as root: gives the node another name, for good

}  // namespace clustermpi::remote
