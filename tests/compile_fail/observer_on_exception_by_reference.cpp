// expect: the signature is `void on_exception(const crier::connection&, std::exception_ptr)`, public
#include <crier/observer.hpp>

struct event_log : crier::observer
{
#ifdef CRIER_MISTAKE
    void on_exception(const crier::connection&, const std::exception&);
#else
    void on_exception(const crier::connection&, std::exception_ptr);
#endif
};
static_assert(crier::check_observer<event_log>());
