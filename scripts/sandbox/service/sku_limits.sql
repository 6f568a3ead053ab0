-- What a claim of a SKU gives and how often it may be claimed; an empty cap is no cap.
create table sku_limits (
    sku text primary key,
    item text not null,
    quantity int not null,
    duration_hours int,
    weekly_cap int,
    monthly_cap int
);

insert into sku_limits (sku, item, quantity, duration_hours, weekly_cap, monthly_cap) values
    ('consumable_streakshield_1', 'streakshield', 1, null, 1, 3),
    ('consumable_xp_booster_7d', 'xp_booster', 1, 168, null, null);
