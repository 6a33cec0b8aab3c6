// expect: the signature is `void on_line(const crier::connection&, const crier::line_result&)`, public
#include <crier/observer.hpp>

struct event_log : crier::observer
{
#ifdef CRIER_MISTAKE
    void on_line(const crier::connection&, bool ok);
#else
    void on_line(const crier::connection&, const crier::line_result&);
#endif
};
static_assert(crier::check_observer<event_log>());
