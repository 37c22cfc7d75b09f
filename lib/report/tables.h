// The tables that there are.
#ifndef DLT_REPORT_TABLES_H
#define DLT_REPORT_TABLES_H

#include "lib/report/table.h"

extern const struct table_type TABLE_T1;

#endif
