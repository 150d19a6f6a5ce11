#include "runtime/memory/region_map.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace gantry::runtime {
namespace {

Region readable(u64 end) { return {.end = end, .protection = PROT_READ}; }
Region writable(u64 end) { return {.end = end, .protection = PROT_READ | PROT_WRITE}; }

std::string text(const RegionMap& map) {
  std::string result;
  for (const auto& [start, region] : map) {
    char part[64];
    std::snprintf(part, sizeof part, "%lx-%lx:%d ", static_cast<unsigned long>(start),
                  static_cast<unsigned long>(region.end), region.protection);
    result += part;
  }
  return result;
}

TEST(RegionMap, AlikeNeighboursJoin) {
  RegionMap map;
  map.insert(0x1000, readable(0x2000));
  map.insert(0x3000, readable(0x4000));
  map.insert(0x2000, readable(0x3000));
  EXPECT_EQ(text(map), "1000-4000:1 ");
}

TEST(RegionMap, FilesDoNotJoin) {
  RegionMap map;
  Region file = readable(0x2000);
  file.file = true;
  map.insert(0x1000, file);
  file.end = 0x3000;
  map.insert(0x2000, file);
  EXPECT_EQ(map.size(), 2u);
}

TEST(RegionMap, InsertReplacesTheMiddle) {
  RegionMap map;
  map.insert(0x1000, readable(0x5000));
  map.insert(0x2000, writable(0x3000));
  EXPECT_EQ(text(map), "1000-2000:1 2000-3000:3 3000-5000:1 ");
}

TEST(RegionMap, EraseSplits) {
  RegionMap map;
  map.insert(0x1000, readable(0x5000));
  map.erase(0x2000, 0x3000);
  EXPECT_EQ(text(map), "1000-2000:1 3000-5000:1 ");
  map.erase(0, 0x10000);
  EXPECT_EQ(text(map), "");
}

TEST(RegionMap, UpdateSplitsAndJoins) {
  RegionMap map;
  map.insert(0x1000, readable(0x5000));
  auto set = [](int protection) { return [=](Region& r) { r.protection = protection; }; };
  map.update(0x2000, 0x3000, set(3));
  EXPECT_EQ(text(map), "1000-2000:1 2000-3000:3 3000-5000:1 ");
  map.update(0x2000, 0x3000, set(1));
  EXPECT_EQ(text(map), "1000-5000:1 ");
}

TEST(RegionMap, CoversNeedsEveryByte) {
  RegionMap map;
  map.insert(0x1000, readable(0x2000));
  map.insert(0x2000, writable(0x3000));
  map.insert(0x4000, readable(0x5000));
  EXPECT_TRUE(map.covers(0x1000, 0x3000));
  EXPECT_TRUE(map.covers(0x1800, 0x2800));
  EXPECT_FALSE(map.covers(0x1000, 0x5000));
  EXPECT_FALSE(map.covers(0x0, 0x2000));
  EXPECT_FALSE(map.covers(0x5000, 0x6000));
}

TEST(RegionMap, NothingOverlapsAnEmptyRange) {
  RegionMap map;
  map.insert(0x1000, readable(0x5000));
  EXPECT_TRUE(map.overlaps(0x4fff, 0x6000));
  EXPECT_FALSE(map.overlaps(0x5000, 0x6000));
  EXPECT_FALSE(map.overlaps(0x2000, 0x2000));
}

TEST(RegionMap, FindHighest) {
  RegionMap map;
  EXPECT_EQ(map.find_highest(0x1000, 0x9000, 0x2000, 0x1000), 0x7000u);
  map.insert(0x8000, readable(0x9000));
  map.insert(0x5000, readable(0x7000));
  EXPECT_EQ(map.find_highest(0x1000, 0x9000, 0x1000, 0x1000), 0x7000u);
  EXPECT_EQ(map.find_highest(0x1000, 0x9000, 0x2000, 0x1000), 0x3000u);
  EXPECT_EQ(map.find_highest(0x1000, 0x9000, 0x2000, 0x4000), 0u);
  EXPECT_EQ(map.find_highest(0x1000, 0x9000, 0x5000, 0x1000), 0u);
}

TEST(RegionMap, FindHighestBelowTheMiddleOfARegion) {
  RegionMap map;
  map.insert(0x5000, readable(0x9000));
  EXPECT_EQ(map.find_highest(0x1000, 0x7000, 0x1000, 0x1000), 0x4000u);
}

TEST(RegionMap, FindLowest) {
  RegionMap map;
  map.insert(0x1000, readable(0x2000));
  map.insert(0x3000, readable(0x6000));
  EXPECT_EQ(map.find_lowest(0x1000, 0x9000, 0x1000, 0x1000), 0x2000u);
  EXPECT_EQ(map.find_lowest(0x1000, 0x9000, 0x2000, 0x1000), 0x6000u);
  EXPECT_EQ(map.find_lowest(0x1000, 0x9000, 0x1000, 0x8000), 0x8000u);
  EXPECT_EQ(map.find_lowest(0x1000, 0x9000, 0x4000, 0x1000), 0u);
}

}  // namespace
}  // namespace gantry::runtime
