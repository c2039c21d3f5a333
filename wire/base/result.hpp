// SPDX-License-Identifier: Apache-2.0
// wire/base/result: the errors a caller branches on.
// Result<T> is a value or an Error; everything unexpected is a std::system_error instead.
// The members are those of std::expected, so a newer compiler turns Result into an alias.
#pragma once

#include <cassert>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

namespace vrun {

struct Error {
    std::error_code code;
    std::string doing;  // what we were doing, as the user would say it: "start 'mpi_hello'"

    std::string message() const { return doing + ": " + code.message(); }
};

template <class T>
class [[nodiscard]] Result {
public:
    Result() = default;  // a T of its own, as with std::expected
    Result(T value) : state_{std::in_place_index<0>, std::move(value)} {}
    Result(Error error) : state_{std::in_place_index<1>, std::move(error)} {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    T& operator*() noexcept { return *pointer(); }
    const T& operator*() const noexcept { return *pointer(); }
    T* operator->() noexcept { return pointer(); }
    const T* operator->() const noexcept { return pointer(); }
    const Error& error() const noexcept {
        assert(!has_value());
        return *std::get_if<1>(&state_);
    }

    // The bridge to code that throws.
    T value() && {
        if (!has_value()) throw std::system_error{error().code, error().doing};
        return std::move(*pointer());
    }

private:
    T* pointer() noexcept {
        assert(has_value());
        return std::get_if<0>(&state_);
    }
    const T* pointer() const noexcept {
        assert(has_value());
        return std::get_if<0>(&state_);
    }

    std::variant<T, Error> state_;
};

// check(open(path, O_RDONLY | O_CLOEXEC), "open"): the result, or errno as an exception.
template <class Integer>
Integer check(Integer result, const char* call) {
    if (result < 0) throw std::system_error{errno, std::system_category(), call};
    return result;
}

}  // namespace vrun
