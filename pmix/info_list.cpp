// SPDX-License-Identifier: Apache-2.0
#include "pmix/info_list.hpp"

#include <pmix.h>

namespace vrun::pmix {

InfoList::~InfoList() {
    for (pmix_info_t& info : infos_)
        PMIX_INFO_DESTRUCT(&info);
}

void InfoList::add_text(const char* key, const std::string& value) {
    add(key, value.c_str(), PMIX_STRING);
}

void InfoList::add_array(const char* key, InfoList values) {
    pmix_data_array_t array{};
    array.type = PMIX_INFO;
    array.size = values.size();
    array.array = values.data();
    add(key, &array, PMIX_DATA_ARRAY);
}

void InfoList::add(const char* key, const void* value, pmix_data_type_t type) {
    pmix_info_t& info = infos_.emplace_back();  // zeroed, as PMIX_INFO_LOAD wants it
    PMIX_INFO_LOAD(&info, key, const_cast<void*>(value), type);  // copies
}

}  // namespace vrun::pmix
