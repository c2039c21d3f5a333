// SPDX-License-Identifier: Apache-2.0
// pmix/info_list: an array of pmix_info_t that owns what it holds.
// Values are copied in with the type that libpmix expects of the key: sizes are 32 bits, local
// ranks 16, ranks a type of their own. Not seen outside pmix/.
#pragma once

#include <pmix_common.h>
#include <cstdint>
#include <string>
#include <vector>

namespace vrun::pmix {

class InfoList {
public:
    InfoList() = default;
    InfoList(InfoList&& other) noexcept = default;
    InfoList& operator=(InfoList&& other) noexcept {
        std::swap(infos_, other.infos_);
        return *this;
    }
    ~InfoList();

    void add_text(const char* key, const std::string& value);
    void add_flag(const char* key, bool value) { add(key, &value, PMIX_BOOL); }
    void add_count(const char* key, std::uint32_t value) { add(key, &value, PMIX_UINT32); }
    void add_local_rank(const char* key, std::uint16_t value) { add(key, &value, PMIX_UINT16); }
    void add_rank(const char* key, pmix_rank_t value) { add(key, &value, PMIX_PROC_RANK); }
    void add_array(const char* key, InfoList values);

    pmix_info_t* data() noexcept { return infos_.data(); }
    std::size_t size() const noexcept { return infos_.size(); }

private:
    void add(const char* key, const void* value, pmix_data_type_t type);

    std::vector<pmix_info_t> infos_;
};

}  // namespace vrun::pmix
