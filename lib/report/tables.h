// The tables that there are.
#ifndef DLT_REPORT_TABLES_H
#define DLT_REPORT_TABLES_H

#include "lib/report/table.h"

// In the order of the report; a new one is a file and a line here.
#define TABLES(ITEM) ITEM(TABLE_T1)

#define DECLARE_TABLE(name) extern const struct table_type name;
TABLES(DECLARE_TABLE)

#endif
