// SPDX-License-Identifier: Apache-2.0
// wire/archive: message bodies, as cereal walks them: little-endian numbers, counts of 64 bits.
// Reading believes no count: each is held against the bytes left before memory is taken for it,
// and nesting, bools and enums are checked. A bad body is a std::system_error of BodyErrc.
#pragma once

#include "wire/bytes.hpp"

#include <cereal/cereal.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>

// What a message may hold besides numbers and structs. Before adding to it, read the type's
// load(): list and unordered_map take memory for a whole count at once, memory.hpp follows ids.
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

namespace vrun::wire {

inline constexpr int nesting_max = 64;

enum class BodyErrc { truncated = 1, count_too_large, too_deep, bad_value, trailing_bytes };
std::error_code make_error_code(BodyErrc value) noexcept;
[[noreturn]] void refuse(BodyErrc reason);

class BoundedInputArchive
    : public cereal::InputArchive<BoundedInputArchive, cereal::AllowEmptyClassElision> {
public:
    explicit BoundedInputArchive(std::span<const std::byte> bytes);

    void read(void* target, std::size_t size, std::size_t width);  // values of `width` bytes
    std::size_t read_count(std::size_t bytes_each);  // of values that take at least so many bytes
    void enter();
    void leave() noexcept { --depth_; }
    void finish() const;  // refuses bytes left over

private:
    std::span<const std::byte> left_;
    int depth_ = 0;
};

// A whole body is exactly one message.
template <class Message>
Message from_bytes(std::span<const std::byte> bytes) {
    BoundedInputArchive archive{bytes};
    Message message{};
    archive(message);
    archive.finish();
    return message;
}

// Writes what BoundedInputArchive reads, into memory of its own.
class OutputArchive : public cereal::OutputArchive<OutputArchive, cereal::AllowEmptyClassElision> {
public:
    OutputArchive();

    void write(const void* source, std::size_t size, std::size_t width);  // values of `width` bytes
    Bytes take() && { return std::move(bytes_); }

private:
    Bytes bytes_;
};

template <class Message>
Bytes to_bytes(const Message& message) {
    OutputArchive archive;
    archive(message);
    return std::move(archive).take();
}

// cereal calls what follows, found through the archive's namespace. Where cereal has a template
// for every archive, ours is the more specialized one.
template <class T>
void prologue(BoundedInputArchive& archive, const T&) {
    archive.enter();
}
template <class T>
void epilogue(BoundedInputArchive& archive, const T&) {
    archive.leave();
}

template <class T>
    requires std::is_arithmetic_v<T>
void load(BoundedInputArchive& archive, T& value) {
    archive.read(&value, sizeof(T), sizeof(T));
}

void load(BoundedInputArchive& archive, bool& value);  // a bool that holds 2 is undefined behaviour

template <class T>
void load(BoundedInputArchive& archive, cereal::NameValuePair<T>& pair) {
    archive(pair.value);
}

template <class T>
void load(BoundedInputArchive& in, cereal::SizeTag<T>& tag) {
    tag.size = in.read_count(1);
}

template <class T>
void load(BoundedInputArchive& archive, cereal::BinaryData<T>& data) {
    using Value = std::remove_pointer_t<std::remove_reference_t<T>>;
    archive.read(data.data, static_cast<std::size_t>(data.size), sizeof(Value));
}

// Every enum in a message has a valid(Enum) beside it, since cereal lets any number through.
template <class T>
    requires cereal::common_detail::is_enum<T>::value
void load_minimal(const BoundedInputArchive&, T&& value,
                  const typename cereal::common_detail::is_enum<T>::base_type& number) {
    const auto decoded = static_cast<typename cereal::common_detail::is_enum<T>::type>(number);
    if (!valid(decoded)) refuse(BodyErrc::bad_value);
    value = decoded;
}

template <class T>
inline constexpr bool is_plain = std::is_arithmetic_v<T> || std::is_same_v<T, std::byte>;

// cereal resizes first: 16 MB of input could claim 16 million strings, 512 MB.
template <class T, class Allocator>
    requires(!std::is_same_v<T, bool>)
void load(BoundedInputArchive& archive, std::vector<T, Allocator>& values) {
    values.clear();
    if constexpr (is_plain<T>) {
        values.resize(archive.read_count(sizeof(T)));
        archive.read(values.data(), values.size() * sizeof(T), sizeof(T));
    } else {
        for (auto left = archive.read_count(1); left > 0; --left)
            archive(values.emplace_back());
    }
}

// cereal throws a type of its own for a bad index.
template <class... Types>
void load(BoundedInputArchive& archive, std::variant<Types...>& value) {
    std::int32_t index = 0;
    archive(index);
    const auto load_one_of = [&]<std::int32_t... i>(std::integer_sequence<std::int32_t, i...>) {
        return ((index == i && (archive(value.template emplace<i>()), true)) || ...);
    };
    constexpr std::make_integer_sequence<std::int32_t, sizeof...(Types)> indices;
    if (!load_one_of(indices)) refuse(BodyErrc::bad_value);
}

template <class T>
    requires std::is_arithmetic_v<T>
void save(OutputArchive& archive, const T& value) {
    archive.write(&value, sizeof(T), sizeof(T));
}

template <class T>
void save(OutputArchive& archive, const cereal::NameValuePair<T>& pair) {
    archive(pair.value);
}

template <class T>
void save(OutputArchive& archive, const cereal::SizeTag<T>& tag) {
    const auto size = static_cast<std::uint64_t>(tag.size);
    archive.write(&size, sizeof size, sizeof size);
}

template <class T>
void save(OutputArchive& archive, const cereal::BinaryData<T>& data) {
    using Value = std::remove_cv_t<std::remove_pointer_t<std::remove_reference_t<T>>>;
    archive.write(data.data, static_cast<std::size_t>(data.size), sizeof(Value));
}

template <class T, class Allocator>
    requires(is_plain<T> && !std::is_same_v<T, bool>)
void save(OutputArchive& archive, const std::vector<T, Allocator>& values) {
    archive(cereal::make_size_tag(static_cast<cereal::size_type>(values.size())));
    archive.write(values.data(), values.size() * sizeof(T), sizeof(T));
}

}  // namespace vrun::wire

template <>
struct std::is_error_code_enum<vrun::wire::BodyErrc> : std::true_type {};

// Says which archive writes what ours reads; cereal asks for it when it meets an enum.
template <>
struct cereal::traits::detail::get_output_from_input<vrun::wire::BoundedInputArchive> {
    using type = vrun::wire::OutputArchive;
};

template <>
struct cereal::traits::detail::get_input_from_output<vrun::wire::OutputArchive> {
    using type = vrun::wire::BoundedInputArchive;
};
