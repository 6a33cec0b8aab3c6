#ifndef CRIER_DETAIL_OPENSSL_HPP
#define CRIER_DETAIL_OPENSSL_HPP

#include <crier/error.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/error_category.hpp>
#include <boost/system/system_error.hpp>

#include <memory>
#include <openssl/err.h>
#include <openssl/types.h>
#include <string>

namespace crier::detail {

/// The category of OpenSSL's packed error codes.
inline const boost::system::error_category& openssl_category() noexcept
{
    struct category final : boost::system::error_category
    {
        const char* name() const noexcept override { return "openssl"; }
        std::string message(int value) const override
        {
            const char* const reason =
                ::ERR_reason_error_string(static_cast<unsigned long>(static_cast<unsigned>(value)));
            return std::string("TLS: ") + (reason ? reason : "unknown error");
        }
    };
    static const category the_one;
    return the_one;
}

/// The oldest error in OpenSSL's queue, which is empty then; the system's, where that was the cause.
inline error_code take_openssl_error() noexcept
{
    const unsigned long first = ::ERR_get_error();
    ::ERR_clear_error();
    if (ERR_SYSTEM_ERROR(first))
        return {ERR_GET_REASON(first), boost::system::system_category()};
    return {static_cast<int>(first), openssl_category()};
}

[[noreturn]] inline void throw_invalid(const char* what)
{
    throw boost::system::system_error(make_error_code(boost::system::errc::invalid_argument), what);
}

[[noreturn]] inline void throw_openssl_error(const std::string& what)
{
    throw boost::system::system_error(take_openssl_error(), what);
}

} // namespace crier::detail

#endif
