// expect: the signature is `void on_message(crier::connection&, crier::message_view)`
#include <crier/hooks.hpp>

struct my_hooks : crier::hooks
{
#ifdef CRIER_MISTAKE
    void on_message(crier::connection&, std::string_view);
#else
    void on_message(crier::connection&, crier::message_view);
#endif
};
static_assert(crier::check_hooks<my_hooks>());
