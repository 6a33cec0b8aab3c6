#ifndef CRIER_EXAMPLES_PUSH_SERVER_SECRET_FILES_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_SECRET_FILES_HPP

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace push_server {

/// What guards need to know and nobody else may.
struct secrets
{
    std::vector<std::string> of_backends;           ///< each is good; empty: there is none
    std::map<std::string, std::string> ticket_keys; ///< id to secret; empty: there are none
    std::vector<std::string> warnings;              ///< about the files, for the log
};

/// The files that they are in.
///
/// That of the back ends' secret holds it on a line, or two of them on two lines, the old and the new
/// one, while it is changed: each is good. That of the keys holds one on each line,
/// `ID SECRET`: the id of 1 to 64 of A-Z a-z 0-9 _ -, blanks, a secret of 16 bytes at least without
/// blanks. Empty lines and those that begin with # are skipped in both.
struct secret_files
{
    std::string backend_secret; ///< a path; empty: none
    std::string ticket_keys;    ///< a path; empty: none

    bool any() const noexcept { return !backend_secret.empty() || !ticket_keys.empty(); }

    /// Throws std::runtime_error with the path, the line, and what is wrong, but never with a part of
    /// what the file holds: a secret may stand in the wrong place.
    secrets read(std::size_t max_secret_bytes) const;

    /// The same for a server that runs: no file whose reading may take for ever, as a pipe's may.
    secrets read_again(std::size_t max_secret_bytes) const;
};

} // namespace push_server

#endif
