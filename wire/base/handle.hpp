// SPDX-License-Identifier: Apache-2.0
// wire/base/handle: one deleter for every handle of a C library.
// Handle<SSL, SSL_free> is a std::unique_ptr that calls SSL_free.
// The function's own result is dropped: a destructor has nobody to tell.
#pragma once

#include <memory>

namespace vrun {

template <auto Function>
struct Freed {
    template <class T>
    void operator()(T* handle) const noexcept {
        (void)Function(handle);
    }
};

template <class T, auto Function>
using Handle = std::unique_ptr<T, Freed<Function>>;

}  // namespace vrun
