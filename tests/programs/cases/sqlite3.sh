# tags: arm64
sqlite3 db <<'END'
create table t(a integer, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 300)
insert into t select i, printf('row %03d', i), i * 1.1 from n;
select count(*), sum(a), avg(c), max(b) from t;
select a % 7 as m, count(*), group_concat(a) from t where a < 30 group by m order by m;
.mode csv
select * from t where a between 10 and 13;
create index i on t(b);
explain query plan select * from t where b = 'row 010';
select json_extract('{"a":[1,2,{"b":3}]}', '$.a[2].b'), upper('x'), hex(zeroblob(2)), 1e15 / 3, round(2.675, 2);
select date('2024-01-31', '+1 month'), julianday('2000-01-01');
pragma integrity_check;
.dump t
END
sqlite3 db 'select nothing from nowhere'
echo $?
