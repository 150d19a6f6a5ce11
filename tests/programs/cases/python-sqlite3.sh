# tags: arm64
python3 - <<'END'
import sqlite3
db = sqlite3.connect("data.db")
db.executescript("create table t(id integer primary key, name text, x real); create index i on t(name);")
with db:
    db.executemany("insert into t(name, x) values (?, ?)", [(f"n{i % 17}", i / 7) for i in range(500)])
print(db.execute("select name, count(*), round(sum(x), 6) from t group by name order by name").fetchall())
db.create_function("twice", 1, lambda v: v * 2)
print(db.execute("select twice(x), typeof(x) from t where id = 123").fetchone())
try:
    db.execute("insert into t(id) values (1)")
except sqlite3.IntegrityError as e:
    print(e)
db.rollback()
print(list(db.iterdump())[:3], db.execute("pragma integrity_check").fetchone())
db.close()
END
