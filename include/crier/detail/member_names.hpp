#ifndef CRIER_DETAIL_MEMBER_NAMES_HPP
#define CRIER_DETAIL_MEMBER_NAMES_HPP

#include <type_traits>

namespace crier::detail {
// clang-format 14 knows no requires expressions:
// clang-format off

// By its members a check_x tells what a type is meant to be, to say what it lacks to be that. So it
// has to find what is private, overloaded or a template too, of which `&T::name` says nothing: in a
// class with two bases that have the name it is ambiguous, whatever it is in either.

template <class T, class Name>
struct heir : T, Name
{};

template <class T>
concept has_heirs = std::is_class_v<T> && !std::is_final_v<T>;

struct name_judge { int judge; };
struct name_make_room { int make_room; };
struct name_write { int write; };
struct name_table { int table; };

template <class T>
concept has_judge =
    requires { &T::judge; } || (has_heirs<T> && !requires { &heir<T, name_judge>::judge; });

template <class T>
concept has_make_room =
    requires { &T::make_room; } ||
    (has_heirs<T> && !requires { &heir<T, name_make_room>::make_room; });

template <class T>
concept has_write =
    requires { &T::write; } || (has_heirs<T> && !requires { &heir<T, name_write>::write; });

template <class T>
concept has_table = requires { typename T::table; } ||
                    (has_heirs<T> && !requires { &heir<T, name_table>::table; });

/// The type of `&T::name`, where that is a function's, not an option's.
template <class Address>
concept of_function = std::is_member_function_pointer_v<Address> ||
                      std::is_function_v<std::remove_pointer_t<Address>>;

// clang-format on
} // namespace crier::detail

#endif
