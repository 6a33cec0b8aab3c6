#ifndef CRIER_IO_RESULT_HPP
#define CRIER_IO_RESULT_HPP

#include <crier/error.hpp>

#include <cstddef>

namespace crier {

/// How a non-blocking operation on a stream went.
enum class io_status : unsigned char {
    ok,         ///< `bytes` bytes were read or written; fewer than asked is no error
    want_read,  ///< nothing was done: try again when the stream is readable
    want_write, ///< no progress: try again when the stream is writable
    again,  ///< handshake, reading: it has done enough for once; try again in a later turn, untold
    eof,    ///< reading: the peer will send no more
    failed, ///< the stream is of no more use, `ec` says why
};

/// The result of a non-blocking operation on a stream.
struct io_result
{
    io_status status = io_status::ok;
    /// Read or written. Writing, with want_write: so many of the bytes that were offered are taken
    /// for good already, and must be offered again at the front, unchanged (TLS encrypts them once).
    std::size_t bytes = 0;
    error_code ec{};
    /// Handshake, and reading: false says that nothing more was there, so that the reader need not ask again
    /// before it is told. True is always a correct answer.
    bool more = true;
};

} // namespace crier

#endif
