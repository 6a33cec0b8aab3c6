#ifndef CRIER_DETAIL_COMPLETION_HPP
#define CRIER_DETAIL_COMPLETION_HPP

#include <crier/concepts/transport.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <utility>

namespace crier::detail {

/// An asynchronous operation's handler that is to be called with a result, on its own executor, which
/// has work until then.
template <class Handler>
class completion
{
public:
    /// `otherwise` is for a handler that has no executor of its own.
    completion(Handler handler, const executor& otherwise)
        : handler_(std::move(handler)),
          work_(boost::asio::get_associated_executor(handler_, otherwise))
    {}

    /// To be called once, on the server's thread.
    template <class Result>
    void operator()(Result result)
    {
        boost::asio::dispatch(work_.get_executor(), [handler = std::move(handler_),
                                                     result = std::move(result)]() mutable {
            std::move(handler)(std::move(result));
        });
        work_.reset();
    }

private:
    using executor_type = boost::asio::associated_executor_t<Handler, executor>;

    Handler handler_;
    boost::asio::executor_work_guard<executor_type> work_;
};

} // namespace crier::detail

#endif
