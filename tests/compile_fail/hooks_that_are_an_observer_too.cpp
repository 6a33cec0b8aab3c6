// expect: hooks and an observer have functions of the same names: make them two classes
#include <crier/hooks.hpp>
#include <crier/observer.hpp>

#ifdef CRIER_MISTAKE
struct both : crier::hooks, crier::observer
#else
struct both : crier::hooks
#endif
{
    void on_registered(crier::connection&) {}
};
static_assert(crier::check_hooks<both>());
